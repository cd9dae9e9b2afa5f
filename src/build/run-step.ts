import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import type { ProcessStreams } from '#kit';
import type { ContainerSpec, NetworkMode } from '#engine';
import type { Image, ImageRunConfig, Layer } from '#image';
import type { Instruction } from './dockerfile/parse.ts';
import { BuildStepError, buildCancelled } from './errors.ts';
import { commandWords } from './metadata.ts';
import type { BuildSession } from './session.ts';

type RunInstruction = Extract<Instruction, { kind: 'RUN' }>;

/** The words of a RUN; a here-document without a command of its own is the script. */
export function runWords(instruction: RunInstruction, config: ImageRunConfig): readonly string[] {
  const { command, heredocs } = instruction;
  const first = heredocs[0];
  if (first === undefined || command.form === 'exec') return commandWords(command, config);
  const shell = config.Shell ?? ['/bin/sh', '-c'];
  if (/^<<-?["']?\w+["']?$/.test(command.line) && heredocs.length === 1) {
    // A script that names its own interpreter is given to it whole; otherwise the shell reads it.
    const interpreter = /^#!\s*(\S+)(?:[ \t]+([^\n]+))?\n/.exec(first.content);
    if (interpreter?.[1]) return [interpreter[1], ...(interpreter[2] ? [interpreter[2].trim()] : []), '-c', first.content];
    return [...shell, first.content];
  }
  return [...shell, `${command.line}\n${heredocs.map((heredoc) => `${heredoc.content}${heredoc.name}\n`).join('')}`];
}

/** Runs the instruction in a container of the parent image and answers what it wrote as a layer. Errors: `BUILD_STEP_FAILED`. */
export async function runStep(session: BuildSession, parent: Image, instruction: RunInstruction, args: readonly string[]): Promise<Layer> {
  const { containers } = session.options.engine;
  const words = runWords(instruction, parent.config.config);
  const container = await containers.create(containerSpec(session, parent, words, args, instruction.network));
  try {
    await session.say(` ---> Running in ${container.id.slice(0, 12)}\n`);
    const streams = await containers.attach(container.id, { stdin: false, stdout: true, stderr: true });
    const exitCode = await runToEnd(session, container.id, streams);
    if (exitCode !== 0) throw new BuildStepError(`The command '${words.join(' ')}' returned a non-zero code: ${exitCode}`, { exitCode });
    return await containers.commitLayer(container.id);
  } finally {
    await containers.remove(container.id, { force: true, volumes: true });
    await session.say(` ---> Removed intermediate container ${container.id.slice(0, 12)}\n`);
  }
}

async function runToEnd(session: BuildSession, id: string, streams: ProcessStreams): Promise<number> {
  const { containers } = session.options.engine;
  const waiting = containers.wait(id, 'next-exit');
  // Whatever ends first, a rejection of the other must not be lost as unhandled.
  waiting.catch(() => undefined);
  const outputs = [streams.stdout, streams.stderr].flatMap((stream) => (stream ? [pipeline(stream, sayingWriter(session))] : []));
  const onAbort = () =>
    void containers.kill(id, 'SIGKILL').catch((error: unknown) => session.options.logger.warn('cannot end a cancelled build step', { error }));
  session.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await containers.start(id);
    if (session.signal.aborted) onAbort();
    const { exitCode, error } = await waiting;
    await Promise.all(outputs);
    if (session.signal.aborted) throw buildCancelled();
    if (error !== undefined && error !== '') throw new BuildStepError(error, { exitCode });
    return exitCode;
  } catch (error) {
    streams.detach();
    await Promise.allSettled(outputs);
    throw error;
  } finally {
    session.signal.removeEventListener('abort', onAbort);
  }
}

function sayingWriter(session: BuildSession): Writable {
  const decoder = new StringDecoder('utf8');
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      Promise.resolve(session.say(decoder.write(chunk))).then(() => done(), done);
    },
    final(done) {
      const rest = decoder.end();
      Promise.resolve(rest === '' ? undefined : session.say(rest)).then(() => done(), done);
    },
  });
}

function containerSpec(
  session: BuildSession,
  parent: Image,
  words: readonly string[],
  args: readonly string[],
  network: RunInstruction['network'],
): ContainerSpec {
  const { request } = session;
  return {
    owner: { kind: 'build', id: session.id },
    image: parent.id,
    entrypoint: [],
    command: words,
    environment: args,
    healthcheck: { Test: ['NONE'] },
    network: networkOf(network !== undefined && network !== 'default' ? network : (request.networkMode ?? 'default')),
    ...(request.resources === undefined ? {} : { resources: request.resources }),
    ...(request.shmSize_bytes === undefined ? {} : { shmSize_bytes: request.shmSize_bytes }),
    ...(request.extraHosts === undefined ? {} : { extraHosts: request.extraHosts }),
  };
}

function networkOf(mode: string): NetworkMode {
  if (mode === 'none' || mode === 'host') return { kind: mode };
  return { kind: 'networks', endpoints: { [mode === 'default' || mode === '' ? 'bridge' : mode]: {} } };
}
