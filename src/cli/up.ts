import { spawn } from 'node:child_process';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { boundOldHeap, holdYoungHeap } from '#kit';
import type { Command } from './command.ts';
import { CommandError } from './errors.ts';
import { parseOptions } from './options.ts';
import { UP_OPTIONS } from './up-options.ts';
import { say, type Terminal } from './terminal.ts';
import { packageVersion } from './version.ts';

export const up: Command = {
  usage:
    'up [--detach] [--data-dir D] [--run-dir R] [--docker-socket PATH] [--registry ADDR] [--api ADDR] [--kubeconfig PATH]\n' +
    '       [--context NAME] [--pod-cidr C] [--service-cidr C] [--autoscaler-period TIME] [--history-limit N] [--history-age TIME] [--build-cache-max SIZE] [--log-level L] [--config FILE]\n' +
    '       [--unpack-max SIZE] [--unpack-ratio-max N]\n' +
    '       [--host tcp://ADDR:PORT|unix://PATH]... [--tlsverify --tlscacert CA --tlscert CERT --tlskey KEY] [--tls[=false]]\n' +
    '       [--daemon-json FILE] [--http-proxy URL] [--https-proxy URL] [--no-proxy HOSTS]\n' +
    '       [--etcd-servers URL,… [--etcd-prefix PATH] [--etcd-cafile PEM] [--etcd-certfile PEM --etcd-keyfile PEM]]\n' +
    '       [--parts engine,registry,apiserver,controllers,scheduler,node,network] [--server URL --client-kubeconfig PATH]\n' +
    '       [--event-ttl TIME] [--max-requests-inflight N] [--max-mutating-requests-inflight N]\n' +
    '       [--request-timeout TIME] [--min-request-timeout SECONDS] [--shutdown-delay-duration TIME]\n' +
    '       [--token-auth-file FILE] [--client-ca-file FILE] [--authorization-mode RBAC,AlwaysAllow]\n' +
    '       [--enable-admission-plugins NAMES] [--disable-admission-plugins NAMES] [--api-audiences NAMES] [--service-account-issuer URL]...\n' +
    '       [--service-account-key-file FILE]... [--service-account-signing-key-file FILE]',
  async run(commandArguments, terminal) {
    const { values } = parseOptions({ args: [...commandArguments], options: UP_OPTIONS, allowPositionals: false });
    return values.detach ? upDetached(commandArguments, values['data-dir'], terminal) : upHere(values, terminal);
  },
};

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const LOG_NAME = 'daemon.log';

type Values = ReturnType<typeof parseOptions<{ options: typeof UP_OPTIONS }>>['values'];

async function upHere(values: Values, terminal: Terminal): Promise<never> {
  const { detach: _, config: configFile, 'ready-fd': readyFd, tls, tlsverify, ...texts } = values;
  const given = { ...lists(texts), ...switches({ tls, tlsverify }) };
  const release = holdYoungHeap();
  const daemon = await import('#daemon');
  const status = await daemon.runDaemon({
    given,
    configFile,
    environment: terminal.environment,
    version: await packageVersion(),
    // Not before: code that was kept compiled is refused once V8 has other flags.
    onReady: () => {
      release();
      boundOldHeap();
    },
    ...(readyFd === undefined ? {} : { readyFd: Number(readyFd) }),
  });
  // Everything has let go by now; a session of a client in a container that runs on must not hold the daemon.
  process.exit(status);
}

/** Options that may stand several times, as the one text that a configuration file has. */
function lists<T extends string>(values: Readonly<Partial<Record<T, string | string[] | undefined>>>): Readonly<Partial<Record<T, string>>> {
  const entries = Object.entries<string | string[] | undefined>(values);
  // The same names, each with a text.
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, Array.isArray(value) ? value.join(',') : value]])),
  ) as Partial<Record<T, string>>;
}

/** Those that were said, as the text that a configuration file has. */
function switches(values: Readonly<Record<string, boolean | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}

async function upDetached(commandArguments: readonly string[], dataDir: string | undefined, terminal: Terminal): Promise<number> {
  const folder = resolve(dataDir ?? '/var/lib/gantry');
  const log = await openLog(folder);
  const ours = commandArguments.filter((argument) => argument !== '--detach' && argument !== '-d');
  const main = process.argv[1] ?? fileURLToPath(new URL('./main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', main, 'up', ...ours, '--ready-fd', '3'], {
    detached: true,
    stdio: ['ignore', log?.file.fd ?? 'ignore', log?.file.fd ?? 'ignore', 'pipe'],
    cwd: '/',
    // The C library gives each thread a heap of its own, of which a daemon with little to do needs two: 3 MB less.
    env: { MALLOC_ARENA_MAX: '2', ...terminal.environment },
  });
  await log?.file.close();
  // With stdio as given above the fourth is a readable pipe.
  const ready = child.stdio[3] as Readable;
  let answer = '';
  ready.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  const exited = new Promise<number>((done, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => done(code ?? 1));
  });
  // The pipe ends when the daemon closes it or is gone, after all that was said in it.
  const saidAll = new Promise((done) => ready.on('end', done));
  // Whoever is interrupted before it is ready must not leave it starting behind his back.
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    child.kill('SIGTERM');
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  await Promise.race([saidAll, exited.then(() => saidAll)]);
  if (interrupted) {
    await exited;
    throw new CommandError('interrupted: the daemon was stopped again', 130);
  }
  for (const signal of SIGNALS) process.off(signal, interrupt);
  const words = answer.trim();
  if (words.startsWith('ready ')) {
    child.unref();
    const [line = '', ...warnings] = words.slice('ready '.length).split('\n');
    say(terminal, line);
    for (const warning of warnings) terminal.stderr.write(`${warning}\n`);
    return 0;
  }
  const code = await exited;
  if (words !== '' && log?.made !== undefined) await removeUnused(folder, log.made);
  throw new CommandError(words === '' ? `The daemon ended with exit status ${code} before it was ready; its log is ${join(folder, LOG_NAME)}` : words);
}

/** The daemon's log; none when the folder can't be made, which the daemon itself then says in words. */
async function openLog(folder: string) {
  try {
    const made = await mkdir(folder, { recursive: true, mode: 0o710 });
    return { made, file: await open(join(folder, LOG_NAME), 'a', 0o600) };
  } catch {
    // Not swallowed: the daemon fails on the same folder, and says why.
    return undefined;
  }
}

/** A start that was refused changes nothing: the folder that was made for the log alone goes again. */
async function removeUnused(folder: string, made: string): Promise<void> {
  const names = await readdir(folder);
  if (names.every((name) => name === LOG_NAME)) await rm(made, { recursive: true });
}
