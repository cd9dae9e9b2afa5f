import type { Command } from './command.ts';

interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}
/** Every command, loaded only when it is the one that is run. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  up: { summary: 'start the engine, the registry and the cluster', load: async () => (await import('./up.ts')).up },
  down: { summary: 'end everything and take it off the machine; data stays', load: async () => (await import('./down.ts')).down },
  service: { summary: 'install, uninstall, status: the daemon at boot, by systemd', load: async () => (await import('./service/service.ts')).service },
  backup: { summary: "write the cluster's state into a file, while it runs or not", load: async () => (await import('./backup.ts')).backup },
  restore: { summary: "make the cluster's state what a backup says", load: async () => (await import('./restore.ts')).restore },
  status: { summary: 'what runs, where, and how it is', load: async () => (await import('./status.ts')).status },
  doctor: { summary: 'try what Gantry needs of this machine; --fix installs what is missing', load: async () => (await import('./doctor.ts')).doctor },
  why: { summary: 'where a packet stops; why a container or a Pod does not run, or a request is denied', load: async () => (await import('./why.ts')).why },
  build: { summary: 'build an image from a Dockerfile', load: async () => (await import('./docker/build.ts')).build },
  tag: { summary: 'give an image another name', load: async () => (await import('./docker/tag.ts')).tag },
  push: { summary: 'send an image to its registry', load: async () => (await import('./docker/push.ts')).push },
  pull: { summary: 'fetch an image from its registry', load: async () => (await import('./docker/pull.ts')).pull },
  images: { summary: 'list images', load: async () => (await import('./docker/images.ts')).images },
  import: { summary: 'make an image of a tar of files', load: async () => (await import('./docker/import.ts')).importTar },
  attestations: {
    summary: 'print what was attested of an image: SBOM and provenance',
    load: async () => (await import('./docker/attestations.ts')).attestations,
  },
  rmi: { summary: 'remove images', load: async () => (await import('./docker/rmi.ts')).rmi },
  run: { summary: 'run a command in a new container', load: async () => (await import('./docker/run.ts')).run },
  ps: { summary: 'list containers', load: async () => (await import('./docker/ps.ts')).ps },
  stop: { summary: 'stop containers', load: async () => (await import('./docker/stop.ts')).stop },
  rm: { summary: 'remove containers', load: async () => (await import('./docker/rm.ts')).rm },
  registry: {
    summary: 'registry ls, inspect, rm, copy, gc: what registries hold, from one to another',
    load: async () => (await import('./registry/registry.ts')).registry,
  },
  container: {
    summary: 'container port: list, add and remove published ports while it runs',
    load: async () => (await import('./docker/container.ts')).container,
  },
  inspect: { summary: 'all that is known of containers, images, networks, volumes', load: async () => (await import('./docker/inspect.ts')).inspect },
  logs: { summary: 'show the log of a container, or of pod/NAME', load: async () => (await import('./logs.ts')).logs },
  exec: { summary: 'run a command in a running container, or in pod/NAME', load: async () => (await import('./exec.ts')).exec },
  apply: { summary: 'make the cluster as files say', load: async () => (await import('./kubernetes/apply.ts')).apply },
  get: { summary: "list the cluster's objects", load: async () => (await import('./kubernetes/get.ts')).get },
  describe: { summary: 'tell all of an object, with its events', load: async () => (await import('./kubernetes/describe.ts')).describe },
  scale: { summary: 'set the number of replicas', load: async () => (await import('./kubernetes/scale.ts')).scale },
  delete: { summary: "delete the cluster's objects", load: async () => (await import('./kubernetes/delete.ts')).deleteObjects },
  diff: { summary: 'what is different in the cluster between two moments', load: async () => (await import('./history/diff.ts')).diff },
  undo: { summary: 'make what was deleted or changed since a moment as it was', load: async () => (await import('./history/undo.ts')).undo },
  'test-cluster': {
    summary: 'run a command with KUBECONFIG leading to a new cluster in memory',
    load: async () => (await import('./test-cluster.ts')).testCluster,
  },
  version: { summary: 'print the version', load: async () => (await import('./version.ts')).version },
};

/** What `gantry help` prints. */
export function helpText(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `usage: gantry COMMAND [options]\n\n${lines.join('\n')}\n\n"gantry COMMAND --help" tells a command's options.\n`;
}
