import { spawn } from 'node:child_process';
import { eraseTree } from '#kit';

/** Removes a folder with all that is in it; one with very many files by a child, off the event loop. */
export async function removeFolder(path: string, { isLarge }: { readonly isLarge: boolean }): Promise<void> {
  if (!isLarge) return await eraseTree(path);
  const child = spawn('rm', ['-rf', '--', path], { stdio: 'ignore' });
  const code = await new Promise<number>((resolve, reject) => child.once('error', reject).once('close', (status) => resolve(status ?? 1)));
  if (code !== 0) throw new Error(`rm ended with exit status ${code} and left some of ${path}`);
}
