import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Makes a build context of texts by their paths. */
export async function makeContext(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}
