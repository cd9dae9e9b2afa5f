import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '#kit';
import { notAvailable } from '../errors.ts';

/** What a registry's folder holds: authorities that sign its certificates, and who we are there. */
export interface HostCertificates {
  readonly authorities: readonly Buffer[];
  readonly client?: { readonly certificate: Buffer; readonly key: Buffer };
}
const NONE: HostCertificates = { authorities: [] };

/** Where Docker's users put the files, for words. */
export const authorityFile = (folder: string, host: string) => join(folder, host, 'ca.crt');

/**
 * The files of a registry (`host` or `host:port`), in the form that Docker gives them: `*.crt` are authorities, `NAME.cert` with
 * `NAME.key` a client's certificate. All folders count; the first client's certificate is used. They are read at each call, so that a new one needs no restart.
 * Errors: `REGISTRY_FAILED` when half of a pair is missing.
 */
export async function readCertificates(folders: readonly string[], url: URL): Promise<HostCertificates> {
  const hosts = url.port === '' ? [url.host, `${url.host}:${url.protocol === 'http:' ? 80 : 443}`] : [url.host];
  const places = folders.flatMap((folder) => hosts.map((host) => join(folder, host)));
  const found = (await Promise.all(places.map(readFolder))).filter((part) => part !== NONE);
  if (found.length === 0) return NONE;
  const client = found.find((part) => part.client)?.client;
  return { authorities: found.flatMap(({ authorities }) => authorities), ...(client === undefined ? {} : { client }) };
}

async function readFolder(folder: string): Promise<HostCertificates> {
  const names = await namesIn(folder);
  if (names.length === 0) return NONE;
  const authorities = await Promise.all(names.filter((name) => name.endsWith('.crt')).map((name) => readFile(join(folder, name))));
  const certificate = names.find((name) => name.endsWith('.cert'));
  const lone = names.find((name) => name.endsWith('.key') && !names.includes(name.replace(/\.key$/, '.cert')));
  if (lone !== undefined) throw halfPair(folder, lone, lone.replace(/\.key$/, '.cert'));
  if (certificate === undefined) return { authorities };
  const key = certificate.replace(/\.cert$/, '.key');
  if (!names.includes(key)) throw halfPair(folder, certificate, key);
  const [certificateText, keyText] = await Promise.all([readFile(join(folder, certificate)), readFile(join(folder, key))]);
  return { authorities, client: { certificate: certificateText, key: keyText } };
}

function halfPair(folder: string, there: string, missing: string) {
  return notAvailable(`Cannot use ${join(folder, there)}: ${missing} is missing beside it (authorities end in .crt, a client's certificate in .cert)`, 500);
}
