import type { ImageRunConfig } from '#image';
import { posix } from 'node:path';
import { DockerfileError } from '../errors.ts';
import { isSignal, SIGNAL_REMEDY } from '../dockerfile/signal.ts';
import { DockerfileSyntaxError } from '../dockerfile/syntax-error.ts';
import { type CommandForm, type Instruction } from '../dockerfile/parse.ts';

const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** The words that run: the shell form goes through the image's SHELL. */
export function commandWords(command: CommandForm, config: ImageRunConfig): readonly string[] {
  return command.form === 'exec' ? command.words : [...(config.Shell ?? DEFAULT_SHELL), command.line];
}

/** Sets `name` in a list of `NAME=value`. */
export function setEnvironment(environment: readonly string[], name: string, value: string): readonly string[] {
  const entry = `${name}=${value}`;
  const at = environment.findIndex((item) => item.startsWith(`${name}=`));
  return at < 0 ? [...environment, entry] : environment.with(at, entry);
}

/** What an instruction that touches no file makes of the configuration. `words` expands one text to one; `ownCommand` says that the stage has set a CMD itself. Pure. */
export function applyMetadata(
  config: ImageRunConfig,
  instruction: Instruction,
  expandWord: (text: string) => string,
  { ownCommand = false } = {},
): ImageRunConfig {
  switch (instruction.kind) {
    case 'ENV':
      return {
        ...config,
        Env: instruction.pairs
          .map(([name, value]) => [expandWord(name), expandWord(value)] as const)
          .reduce((list, [name, value]) => setEnvironment(list, name, value), config.Env ?? []),
      };
    case 'LABEL':
      return {
        ...config,
        Labels: { ...config.Labels, ...Object.fromEntries(instruction.pairs.map(([name, value]) => [expandWord(name), expandWord(value)])) },
      };
    case 'WORKDIR':
      return { ...config, WorkingDir: posix.resolve(config.WorkingDir || '/', expandWord(instruction.value)) };
    case 'USER':
      return { ...config, User: expandWord(instruction.value) };
    case 'STOPSIGNAL':
      return { ...config, StopSignal: stopSignal(expandWord(instruction.value), instruction.line) };
    case 'SHELL':
      return { ...config, Shell: instruction.words };
    case 'CMD':
      return { ...config, Cmd: commandWords(instruction.command, config) };
    case 'ENTRYPOINT':
      // As Docker does: an entrypoint of the image's own takes away the command it inherited.
      return { ...(ownCommand ? config : without(config, 'Cmd')), Entrypoint: commandWords(instruction.command, config) };
    case 'EXPOSE':
      return {
        ...config,
        ExposedPorts: {
          ...config.ExposedPorts,
          ...exposedPorts(
            instruction.values.flatMap((text) => expandWord(text).split(/\s+/)),
            instruction.line,
          ),
        },
      };
    case 'VOLUME':
      return {
        ...config,
        Volumes: { ...config.Volumes, ...Object.fromEntries(instruction.values.map((text) => [volume(expandWord(text), instruction.line), {}])) },
      };
    case 'HEALTHCHECK':
      return { ...config, Healthcheck: healthTest(instruction) };
    case 'ONBUILD':
      return { ...config, OnBuild: [...(config.OnBuild ?? []), instruction.trigger] };
    default:
      return config;
  }
}

function volume(path: string, line: number): string {
  if (path !== '') return path;
  const remedy = 'its variables come to nothing: declare them by ARG or ENV above';
  throw new DockerfileSyntaxError({ line, instruction: 'VOLUME', problem: 'VOLUME specified can not be an empty string', remedy });
}

function stopSignal(text: string, line: number): string {
  if (isSignal(text)) return text;
  throw new DockerfileSyntaxError({ line, instruction: 'STOPSIGNAL', problem: `invalid signal: ${text}`, remedy: SIGNAL_REMEDY });
}

function healthTest(instruction: Extract<Instruction, { kind: 'HEALTHCHECK' }>): NonNullable<ImageRunConfig['Healthcheck']> {
  const { command } = instruction;
  // Zero is what stands where nothing does.
  const options = Object.fromEntries(Object.entries(instruction.options).filter(([, figure]) => figure !== 0));
  if (command === undefined) return { Test: ['NONE'] };
  if (command.form === 'exec') return { ...options, Test: ['CMD', ...command.words] };
  return { ...options, Test: ['CMD-SHELL', command.line] };
}

/** `80`, `80/udp`, `7000-7002` as the keys of ExposedPorts; of `127.0.0.1:8080:80` the container's port, as the reference does. */
export function exposedPorts(values: readonly string[], line: number): Record<string, object> {
  const ports: Record<string, object> = {};
  for (const value of values.filter((text) => text !== '')) {
    const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp)?)?$/i.exec(value.slice(value.lastIndexOf(':') + 1));
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || last > 65_535 || last < first)
      throw new DockerfileError(line, `invalid containerPort: ${value} (a right one looks like 80, 53/udp or 7000-7010)`);
    for (let port = first; port <= last; port += 1) ports[`${port}/${(match[3] ?? 'tcp').toLowerCase()}`] = {};
  }
  return ports;
}

function without<K extends keyof ImageRunConfig>(config: ImageRunConfig, key: K): Omit<ImageRunConfig, K> {
  const { [key]: _dropped, ...rest } = config;
  return rest;
}
