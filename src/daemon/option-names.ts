/** How the API server serves. */
export const SERVING_NAMES = [
  'event-ttl',
  'max-requests-inflight',
  'max-mutating-requests-inflight',
  'request-timeout',
  'min-request-timeout',
  'shutdown-delay-duration',
] as const;
/** Who may ask it, and for what. */
export const ACCESS_NAMES = [
  'token-auth-file',
  'client-ca-file',
  'authorization-mode',
  'enable-admission-plugins',
  'disable-admission-plugins',
  'api-audiences',
  'service-account-issuer',
  'service-account-key-file',
  'service-account-signing-key-file',
] as const;
/** The names of `up`'s options that have a value, without the dashes; a configuration file has the same. */
export const OPTION_NAMES = [
  'data-dir',
  'run-dir',
  'docker-socket',
  'host',
  'tls',
  'tlsverify',
  'tlscacert',
  'tlscert',
  'tlskey',
  'daemon-json',
  'http-proxy',
  'https-proxy',
  'no-proxy',
  'registry',
  'registry-config',
  'api',
  'kubeconfig',
  'context',
  'pod-cidr',
  'service-cidr',
  'autoscaler-period',
  'history-limit',
  'history-age',
  'build-cache-max',
  'unpack-max',
  'unpack-ratio-max',
  'log-level',
  'parts',
  'etcd-servers',
  'etcd-prefix',
  'etcd-cafile',
  'etcd-certfile',
  'etcd-keyfile',
  'server',
  'client-kubeconfig',
  ...SERVING_NAMES,
  ...ACCESS_NAMES,
] as const;
export type OptionName = (typeof OPTION_NAMES)[number];
/** As text, each: several values are separated by commas, a switch is `true` or `false`. */
export type OptionValues = Partial<Record<OptionName, string>>;
