import { readFile } from 'node:fs/promises';
import { messageOf } from '#kit';
import { CommandError, UsageError } from '../errors.ts';
import type { SourceVersion } from './build-vcs.ts';

/** What a server takes of headers, less what else stands there. */
const HEADER_BYTES_MAX = 12 * 1024;

/** `id=NAME,src=FILE`, `id=NAME,env=VARIABLE`, or `id=NAME` for the variable or file of that name. Contents by id. Errors: `USAGE`, `COMMAND_FAILED`. */
export async function readSecrets(given: readonly string[], environment: NodeJS.ProcessEnv): Promise<Readonly<Record<string, Buffer>>> {
  const secrets: Record<string, Buffer> = {};
  for (const text of given) {
    const fields = new Map(text.split(',').map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)] as const));
    const id = fields.get('id');
    const type = fields.get('type') ?? 'file';
    const known = ['id', 'type', 'src', 'source', 'env'];
    if (!id || [...fields.keys()].some((name) => !known.includes(name)) || !['file', 'env'].includes(type))
      throw new UsageError(`Cannot take "${text}" for --secret: write id=NAME,src=FILE or id=NAME,env=VARIABLE`);
    secrets[id] = await contentOf(id, fields.get('env') ?? (type === 'env' ? id : undefined), fields.get('src') ?? fields.get('source'), environment);
  }
  return secrets;
}

async function contentOf(id: string, variable: string | undefined, file: string | undefined, environment: NodeJS.ProcessEnv): Promise<Buffer> {
  const name = variable ?? (file === undefined && environment[id] !== undefined ? id : undefined);
  if (name !== undefined) {
    const value = environment[name];
    if (value === undefined) throw new CommandError(`Cannot send the secret ${id}: the variable ${name} is not set`);
    return Buffer.from(value);
  }
  try {
    return await readFile(file ?? id);
  } catch (error) {
    throw new CommandError(`Cannot send the secret ${id}: ${messageOf(error)}`, 1, { cause: error });
  }
}

/** The header with what Docker's API has no words for. Errors: `COMMAND_FAILED` where the secrets are too large. */
export function extensionHeader(extensions: {
  readonly secrets: Readonly<Record<string, Buffer>>;
  readonly sshAgents: Readonly<Record<string, string>>;
  readonly contexts: Readonly<Record<string, string>>;
  readonly allowInsecure: boolean;
  readonly keepFailed: boolean;
  readonly noCacheStages: readonly string[];
  readonly stepEvents: boolean;
  readonly cacheSteps: 'min' | 'max' | undefined;
  readonly sbom: boolean;
  readonly provenance: 'min' | 'max' | undefined;
  /** Told where there is provenance. */
  readonly source: SourceVersion | undefined;
}): Readonly<Record<string, string>> {
  const { sshAgents, contexts, allowInsecure, keepFailed, noCacheStages, stepEvents, cacheSteps, sbom, provenance, source } = extensions;
  const secrets = Object.fromEntries(Object.entries(extensions.secrets).map(([id, content]) => [id, content.toString('base64')]));
  if (
    !allowInsecure &&
    !keepFailed &&
    !stepEvents &&
    !sbom &&
    cacheSteps === undefined &&
    provenance === undefined &&
    noCacheStages.length === 0 &&
    Object.keys({ ...secrets, ...sshAgents, ...contexts }).length === 0
  )
    return {};
  const text = Buffer.from(
    JSON.stringify({
      secrets,
      sshAgents,
      contexts,
      allowInsecure,
      keepFailed,
      noCacheStages,
      stepEvents,
      cacheSteps,
      sbom,
      ...(provenance === undefined ? {} : { provenance, source }),
    }),
  ).toString('base64url');
  if (text.length > HEADER_BYTES_MAX) throw new CommandError('Cannot send the secrets: together they may be about 6 KiB');
  return { 'X-Gantry-Build': text };
}
