import type { Writable } from 'node:stream';
import type { Terminal } from '../terminal.ts';
import type { DockerClient } from './client.ts';
import { loginHeader } from './credentials.ts';
import { type ProgressLine, showProgress } from './progress.ts';
import { splitReference } from './reference.ts';

/** Pulls an image, `latest` where no tag is said, telling its progress to `target`. Errors: `DockerError`, `COMMAND_FAILED`. */
export async function pullImage(client: DockerClient, image: string, terminal: Terminal, target: Writable): Promise<void> {
  const { name, tag = 'latest' } = splitReference(image);
  const headers = await loginHeader(name, terminal.environment);
  await showProgress(client.lines<ProgressLine>({ method: 'POST', path: '/images/create', query: { fromImage: name, tag }, headers }), target);
}
