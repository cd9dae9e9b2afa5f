import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import type { ListenPlace } from '#docker';
import { isSystemError } from '#kit';
import { checkReach } from '#registry';
import { type DaemonConfig, type HostPort, ROOT_PARTS } from './config.ts';
import { checkPrograms, PROGRAMS } from './doctor/index.ts';
import { StartError } from './errors.ts';
import { findRuntime } from './rooms.ts';

const BYTES_NEEDED = 64 * 1024 * 1024;

/** Finds what would keep the daemon from starting, before anything is changed. Errors: `NOT_ROOT`, `PROGRAM_MISSING`, `KERNEL_LACKS`, `DISK_FULL`, `ADDRESS_IN_USE`, `REGISTRY_NOT_LOOPBACK`. */
export async function preflight(config: DaemonConfig): Promise<void> {
  const privileged = ROOT_PARTS.filter((part) => config.parts.has(part));
  if (privileged.length > 0 && process.getuid?.() !== 0) {
    throw new StartError(
      'NOT_ROOT',
      `Cannot start ${privileged.join(', ')} as user ${process.getuid?.()}: they make mounts, namespaces and links and unpack images with their owners, which takes root. Run it as root, or choose other --parts`,
    );
  }
  if (config.parts.has('engine') || config.parts.has('network')) await checkMachine(config);
  if (config.parts.has('engine')) await findRuntime(config.programPath, config.settings);
  if (config.parts.has('engine')) await checkSocketFree(config.dockerSocket, '--docker-socket PATH');
  if (config.parts.has('engine')) for (const place of config.settings.listen) await checkPlace(place);
  await checkSpace(config.dataDir);
  if (config.parts.has('registry')) checkReach(config.registry.host, config.registrySettings);
  if (config.parts.has('registry')) await checkFree('--registry', config.registry);
  if (config.parts.has('apiserver')) await checkFree('--api', config.api);
}

/** On the file system where the data dir is or will be. */
async function checkSpace(dataDir: string): Promise<void> {
  let folder = dataDir;
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= BYTES_NEEDED) return;
  throw new StartError(
    'DISK_FULL',
    `Cannot start on ${dataDir}: only ${bavail * bsize} bytes are free there, ${BYTES_NEEDED} are needed. Free some, or use another --data-dir`,
  );
}

function checkPlace(place: ListenPlace): Promise<void> {
  return place.kind === 'unix' ? checkSocketFree(place.path, '--host unix://PATH') : checkFree('--host tcp://', place);
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
  return new StartError(
    'ADDRESS_IN_USE',
    `Cannot listen on ${host}:${port}: ${why}. Stop it, or choose another address with ${option}${option.endsWith('/') ? '' : ' '}HOST:PORT`,
    {
      cause: error,
    },
  );
}

/** The programs and the kernel's file systems that containers stand on. */
async function checkMachine({ programPath, parts }: DaemonConfig): Promise<void> {
  const findings = await checkPrograms(programPath, PROGRAMS);
  const missing = findings.filter(({ ok }) => !ok);
  if (missing.length > 0) {
    throw new StartError(
      'PROGRAM_MISSING',
      `Cannot start: ${missing.map(({ detail }) => detail).join('; ')}. Bring what is missing with "gantry doctor --fix"`,
    );
  }
  if (!parts.has('engine')) return;
  const known = await readFile('/proc/filesystems', 'utf8');
  if (/\toverlay$/m.test(known)) return;
  throw new StartError(
    'KERNEL_LACKS',
    'Cannot start containers: the kernel does not know the overlay file system. Load it with "modprobe overlay"; "gantry doctor" tries everything else',
  );
}

/** A socket that somebody answers at is another daemon's; one that nobody answers at is a killed daemon's and will be replaced. */
function checkSocketFree(path: string, option: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      reject(new StartError('ADDRESS_IN_USE', `Cannot listen on ${path}: another program listens there. Stop it, or choose another path with ${option}`));
    });
    probe.once('error', (error) => {
      if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ECONNREFUSED')) resolve();
      else
        reject(
          new StartError('ADDRESS_IN_USE', `Cannot use ${path} for the Docker socket: ${error.message}. Choose another path with ${option}`, {
            cause: error,
          }),
        );
    });
  });
}
