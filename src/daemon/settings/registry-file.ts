import { readFile } from 'node:fs/promises';
import type { RegistrySettings } from '#registry';
import { messageOf } from '#kit';
import { ConfigError } from '../errors.ts';
import { fields, flag, WrongForm } from './values.ts';

/** The sections of the file. */
const readSections = fields<RegistrySettings>({ insecure: flag });

/** Reads the file of `--registry-config` (YAML). Errors: `CONFIG_INVALID`, naming the section and the field. */
export async function readRegistryFile(path: string): Promise<RegistrySettings> {
  let content: unknown;
  try {
    const { parse } = await import('yaml');
    content = parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`Cannot read ${path} of --registry-config: ${messageOf(error)}`, { cause: error });
  }
  try {
    return readSections(content ?? {});
  } catch (error) {
    throw error instanceof WrongForm ? new ConfigError(`Cannot take ${path} of --registry-config: ${error.message}`) : error;
  }
}
