import { createServer } from 'node:net';
import { isSystemError } from '#kit';
import { type DaemonConfig, type HostPort, ROOT_PARTS } from './config.ts';
import { StartError } from './errors.ts';

/** Finds what would keep the daemon from starting, before anything is changed. Errors: `NOT_ROOT`, `ADDRESS_IN_USE`. */
export async function preflight(config: DaemonConfig): Promise<void> {
  const privileged = ROOT_PARTS.filter((part) => config.parts.has(part));
  if (privileged.length > 0 && process.getuid?.() !== 0) {
    throw new StartError(
      'NOT_ROOT',
      `Cannot start ${privileged.join(', ')} as user ${process.getuid?.()}: it unpacks images with their owners and devices, which takes root. Run it as root, or choose other --parts`,
    );
  }
  if (config.parts.has('registry')) await checkFree('--registry', config.registry);
  if (config.parts.has('apiserver')) await checkFree('--api', config.api);
}

function checkFree(option: string, { host, port }: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => reject(cannotListen(option, { host, port }, error)));
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

function cannotListen(option: string, { host, port }: HostPort, error: Error): StartError {
  const why = isSystemError(error, 'EADDRINUSE') ? 'another program listens there' : error.message;
  return new StartError('ADDRESS_IN_USE', `Cannot listen on ${host}:${port}: ${why}. Stop it, or choose another address with ${option} HOST:PORT`, {
    cause: error,
  });
}
