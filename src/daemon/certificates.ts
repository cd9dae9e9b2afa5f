import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Random, readJson, writeDurable } from '#kit';
import type { KeyPair, StoredPair } from './issue-certificates.ts';

const DAY_MS = 86_400_000;
const RENEW_BEFORE_DAYS = 60;

/** The cluster's own authority and what it signed. */
export interface Certificates {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  readonly admin: KeyPair;
}
/** The library is large and slow to load, and needed only when something has to be made. */
const issuing = () => import('./issue-certificates.ts');

/**
 * The authority and the certificates in `folder`; made when missing, leaves made anew when they run out within 60 days or
 * when the server is reached by other names than before.
 */
export async function openCertificates(options: { folder: string; serverNames: readonly string[]; clock: Clock; random: Random }): Promise<Certificates> {
  const { folder, clock } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = await openPair(folder, 'authority', [], clock, async () => (await issuing()).makeAuthority(options));
  const leaf = (name: string, names: readonly string[], subject: string, usage: 'server' | 'client') =>
    openPair(folder, name, names, clock, async () => (await issuing()).makeLeaf({ ...options, authority, subject, names, usage }));
  const server = await leaf('server', options.serverNames, 'CN=kube-apiserver', 'server');
  const admin = await leaf('admin', [], 'O=system:masters,CN=kubernetes-admin', 'client');
  return { authority, server, admin };
}

async function openPair(folder: string, name: string, names: readonly string[], clock: Clock, make: () => Promise<StoredPair>): Promise<KeyPair> {
  const path = join(folder, `${name}.json`);
  // Written here only.
  const stored = (await readJson(path)) as StoredPair | undefined;
  const fits = stored !== undefined && names.every((wanted) => stored.names.includes(wanted));
  if (fits && stored.until_ms - clock.now() > RENEW_BEFORE_DAYS * DAY_MS) return stored;
  const made = await make();
  await writeDurable(path, JSON.stringify(made));
  return made;
}
