const string = { type: 'string' } as const;
const boolean = { type: 'boolean' } as const;
/** The options of `gantry up`. */
export const UP_OPTIONS = {
  detach: { type: 'boolean', short: 'd', default: false },
  config: string,
  'data-dir': string,
  'run-dir': string,
  'docker-socket': string,
  host: { type: 'string', short: 'H', multiple: true },
  tls: boolean,
  tlsverify: boolean,
  tlscacert: string,
  tlscert: string,
  tlskey: string,
  'daemon-json': string,
  'http-proxy': string,
  'https-proxy': string,
  'no-proxy': string,
  registry: string,
  api: string,
  kubeconfig: string,
  context: string,
  'pod-cidr': string,
  'service-cidr': string,
  server: string,
  'client-kubeconfig': string,
  'autoscaler-period': string,
  'build-cache-max': string,
  'log-level': string,
  parts: string,
  /** Of ours: where a detached daemon says that it is ready. */
  'ready-fd': string,
} as const;
