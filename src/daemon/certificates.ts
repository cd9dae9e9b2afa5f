import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Random, readJson, writeDurable } from '#kit';
import { type KeyPair, makeAuthorityPair, makeLeafPair, type NamePart, USAGE } from './x509/certificate.ts';

const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const LEAF_DAYS = 365;
const RENEW_BEFORE_DAYS = 60;
const ADMIN: readonly NamePart[] = [
  ['O', 'system:masters'],
  ['CN', 'kubernetes-admin'],
];

/** The cluster's own authority and what it signed. */
export interface Certificates {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  readonly admin: KeyPair;
}
interface StoredPair extends KeyPair {
  readonly names: readonly string[];
  readonly until_ms: number;
}

/**
 * The authority and the certificates in `folder`; made when missing, leaves made anew when they run out within 60 days or
 * when the server is reached by other names than before.
 */
export async function openCertificates(options: { folder: string; serverNames: readonly string[]; clock: Clock; random: Random }): Promise<Certificates> {
  const { folder, clock } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = await openPair(folder, 'authority', [], clock, () => makeAuthority(options));
  const leaf = (name: string, names: readonly string[], subject: readonly NamePart[], usage: string) =>
    openPair(folder, name, names, clock, () => makeLeaf({ ...options, authority, subject, names, usage }));
  const server = await leaf('server', options.serverNames, [['CN', 'kube-apiserver']], USAGE.serverAuth);
  const admin = await leaf('admin', [], ADMIN, USAGE.clientAuth);
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

const serialOf = (random: Random): Buffer => Buffer.from(`01${random.hex(30)}`, 'hex');

async function makeAuthority({ clock, random }: { clock: Clock; random: Random }): Promise<StoredPair> {
  const until_ms = clock.now() + CA_DAYS * DAY_MS;
  const pair = await makeAuthorityPair({
    subject: [['CN', 'gantry']],
    serial: serialOf(random),
    from: new Date(clock.now() - DAY_MS),
    until: new Date(until_ms),
  });
  return { ...pair, names: [], until_ms };
}

interface LeafRequest {
  readonly authority: KeyPair;
  readonly subject: readonly NamePart[];
  readonly names: readonly string[];
  readonly usage: string;
  readonly clock: Clock;
  readonly random: Random;
}

async function makeLeaf({ clock, random, ...request }: LeafRequest): Promise<StoredPair> {
  const until_ms = clock.now() + LEAF_DAYS * DAY_MS;
  const pair = await makeLeafPair({ ...request, serial: serialOf(random), from: new Date(clock.now() - DAY_MS), until: new Date(until_ms) });
  return { ...pair, names: request.names, until_ms };
}
