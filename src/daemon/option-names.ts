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
  'build-cache-max',
  'log-level',
  'parts',
  'server',
  'client-kubeconfig',
] as const;
export type OptionName = (typeof OPTION_NAMES)[number];
/** As text, each: several values are separated by commas, a switch is `true` or `false`. */
export type OptionValues = Partial<Record<OptionName, string>>;
