import { readFile } from 'node:fs/promises';
import { messageOf } from '#kit';
import { authorityFile, readCertificates } from './authorities.ts';

/** What TLS is told for one call, as `node:https` takes it. */
export interface TlsWords {
  readonly ca?: (string | Buffer)[];
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized?: false;
}
/** Whom a call is for. */
export interface TrustQuery {
  readonly url: URL;
  /** The registry on whose behalf another host (a token service, a store of blobs) is asked: its authorities hold there too. */
  readonly registry?: URL;
  /** Whoever answers is taken for who he says he is. */
  readonly unverified?: boolean;
}

const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);
/** Alerts of servers that were shown no certificate, or one that they do not believe (RFC 8446, 6.2), in OpenSSL's words. */
const CLIENT_REFUSED = /alert (handshake failure|bad certificate|certificate (?:required|unknown|revoked|expired)|unknown ca|access denied)/i;

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : '');
export const isUnknownAuthority = (error: unknown) => UNKNOWN_AUTHORITY.has(codeOf(error));
/** What the server said against our certificate, if it did; then it speaks TLS. */
export const alertOf = (error: unknown) => (error instanceof Error ? CLIENT_REFUSED.exec(error.message)?.[1] : undefined);
/** Of the handshake: trying again won't help. */
export const isDistrust = (error: unknown) =>
  isUnknownAuthority(error) || alertOf(error) !== undefined || codeOf(error).startsWith('ERR_TLS_') || codeOf(error).startsWith('CERT_');

/** Which authorities are believed, and who we say that we are: Node's own list, then the system's, then the folders'. */
export class Trust {
  readonly #folders: readonly string[];
  readonly #authority: string | undefined;
  #system: readonly string[] | undefined;

  constructor(folders: readonly string[], authority?: string) {
    this.#folders = folders;
    this.#authority = authority;
  }

  async words({ url, registry, unverified }: TrustQuery): Promise<TlsWords> {
    if (url.protocol !== 'https:') return {};
    const own = await readCertificates(this.#folders, url);
    const other = registry === undefined || registry.host === url.host ? undefined : await readCertificates(this.#folders, registry);
    const named = this.#authority === undefined ? [] : [await readFile(this.#authority)];
    const added = [...(this.#system ?? []), ...named, ...own.authorities, ...(other?.authorities ?? [])];
    return {
      ...(added.length === 0 ? {} : { ca: [...(await defaultAuthorities()), ...added] }),
      ...(own.client === undefined ? {} : { cert: own.client.certificate, key: own.client.key }),
      ...(unverified ? { rejectUnauthorized: false as const } : {}),
    };
  }

  /** Takes the system's own list in, which is large and seldom needed. False when it was taken in before. */
  async takeInSystem(): Promise<boolean> {
    if (this.#system !== undefined) return false;
    const tls = await import('node:tls');
    this.#system ??= tls.getCACertificates('system');
    return true;
  }

  /** What went wrong, and which file would cure it. */
  explain(url: URL, error: Error): string {
    const files = this.#folders.map((folder) => authorityFile(folder, url.host)).join(' or ');
    if (isUnknownAuthority(error) && files !== '')
      return `its certificate is signed by an authority that is not known here (${messageOf(error).split(';')[0]}). Put the authority's certificate into ${files} and try again; no restart is needed`;
    const alert = alertOf(error);
    if (alert !== undefined && files !== '') return `it wants a client's certificate that it knows (${alert}). Put client.cert and client.key beside ${files}`;
    return messageOf(error) || error.name;
  }
}

async function defaultAuthorities(): Promise<readonly string[]> {
  return (await import('node:tls')).getCACertificates('default');
}
