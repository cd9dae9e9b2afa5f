import { readFile } from 'node:fs/promises';
import type { Owner } from '#image';
import { DockerfileError } from '../errors.ts';
import { lstatMaybe, resolveInRoot } from './root-path.ts';

/** `--chown`: `user[:group]`, numbers or names of the image's own passwd and group files. Undefined without it. Errors: `DockerfileError`. */
export async function ownerOf(root: string, chown: string, line: number): Promise<Owner | undefined> {
  if (chown === '') return undefined;
  const [user = '', group] = chown.split(':');
  const uid = user === '' ? 0 : await lookUp(root, '/etc/passwd', user, line);
  if (group !== undefined) return { uid, gid: group === '' ? 0 : await lookUp(root, '/etc/group', group, line) };
  return { uid, gid: /^\d+$/.test(user) ? uid : await lookUp(root, '/etc/passwd', user, line, 3) };
}

/** The user of an image as an owner; root where the image knows none of that name, as the reference has it. */
export async function userOrRoot(root: string, user: string): Promise<Owner> {
  try {
    return (await ownerOf(root, user, 0)) ?? { uid: 0, gid: 0 };
  } catch (error) {
    if (error instanceof DockerfileError) return { uid: 0, gid: 0 };
    throw error;
  }
}

async function lookUp(root: string, file: string, name: string, line: number, column = 2): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name);
  const path = await resolveInRoot(root, file);
  const content = (await lstatMaybe(path))?.isFile() ? await readFile(path, 'utf8') : '';
  const entry = content
    .split('\n')
    .map((text) => text.split(':'))
    .find((fields) => fields[0] === name);
  if (!entry) throw new DockerfileError(line, `unable to convert uid/gid chown string to host mapping: can't find ${name} in ${file} of the image`);
  return Number(entry[column]);
}
