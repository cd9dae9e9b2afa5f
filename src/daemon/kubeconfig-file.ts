import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import { isSystemError, writeDurable } from '#kit';
import { ConfigError } from './errors.ts';

/** One cluster as a kubeconfig file names it; cluster, user and context bear the same name. */
export interface KubeconfigEntry {
  readonly name: string;
  readonly server: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const SECTIONS = ['clusters', 'users', 'contexts'] as const;
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Puts the entry into the file and makes it the current one if there is none; every other entry stays as it is. */
export async function writeKubeconfigEntry(path: string, entry: KubeconfigEntry): Promise<void> {
  const document = await read(path);
  for (const section of SECTIONS) removeNamed(document, section, entry.name);
  add(document, 'clusters', { name: entry.name, cluster: { server: entry.server, 'certificate-authority-data': base64(entry.authority) } });
  add(document, 'users', { name: entry.name, user: { 'client-certificate-data': base64(entry.certificate), 'client-key-data': base64(entry.key) } });
  add(document, 'contexts', { name: entry.name, context: { cluster: entry.name, user: entry.name } });
  if (!document.get('current-context')) document.set('current-context', entry.name);
  await write(path, document);
}

/** Takes the entry out of the file, and the file away when nothing else stood in it; a file or entry that isn't there is fine. */
export async function removeKubeconfigEntry(path: string, name: string): Promise<void> {
  const document = await read(path);
  const found = SECTIONS.map((section) => removeNamed(document, section, name)).some(Boolean);
  if (!found) return;
  if (document.get('current-context') === name) document.set('current-context', '');
  if (isBare(document)) await rm(path, { force: true });
  else await write(path, document);
}

/** No more than a file of ours has without its entry. */
function isBare(document: Document): boolean {
  // The document was read as a mapping.
  const { apiVersion: _version, kind: _kind, ...rest } = document.toJS() as Record<string, unknown>;
  return document.commentBefore == null && Object.values(rest).every((value) => value === '' || (Array.isArray(value) && value.length === 0));
}

async function read(path: string): Promise<Document> {
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
  const document: Document = parseDocument(text.trim() === '' ? 'apiVersion: v1\nkind: Config\n' : text);
  if (document.errors.length > 0 || !isMap(document.contents)) {
    throw new ConfigError(`Cannot add an entry to ${path}: it is not a kubeconfig file. Mend it, or name another with --kubeconfig`, {
      cause: document.errors[0],
    });
  }
  return document;
}

function removeNamed(document: Document, section: string, name: string): boolean {
  const list = document.get(section);
  if (!isSeq(list)) return false;
  const before = list.items.length;
  list.items = list.items.filter((item) => !(isMap(item) && item.get('name') === name));
  return list.items.length < before;
}

function add(document: Document, section: string, value: object): void {
  const list = document.get(section);
  if (isSeq(list)) list.add(document.createNode(value));
  else document.set(section, document.createNode([value]));
}

async function write(path: string, document: Document): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeDurable(await targetOf(path), document.toString());
}

/** What a link leads to is changed, not the link. */
async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return path;
    throw error;
  }
}
