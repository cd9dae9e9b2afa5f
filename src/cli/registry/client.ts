import { DAEMON_OPTIONS, type DaemonValues } from '../daemon-status.ts';
import type { Terminal } from '../terminal.ts';

export type RegistryClient = Awaited<ReturnType<typeof import('#daemon')['openRegistryClient']>>;
export type Reference = ReturnType<RegistryClient['parse']>;
export type ManifestTree = Awaited<ReturnType<RegistryClient['tree']>>;

/** Options of the commands that ask registries. */
export const REGISTRY_OPTIONS = { json: { type: 'boolean', default: false }, ...DAEMON_OPTIONS } as const;

/** Registries by the settings of the data dir that is meant. */
export async function openClient(values: DaemonValues, terminal: Terminal): Promise<RegistryClient> {
  const daemon = await import('#daemon');
  return daemon.openRegistryClient({ dataDir: values['data-dir'], runDir: values['run-dir'] }, terminal.environment);
}

/** What a name says of a manifest: its digest, else its tag. */
export function manifestIn({ digest, tag }: Reference): string {
  return digest ?? tag ?? 'latest';
}
