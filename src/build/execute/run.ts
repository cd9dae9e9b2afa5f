import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { messageOf, type ProcessStreams } from '#kit';
import type { ContainerSpec, NetworkMode } from '#engine';
import type { Layer } from '#image';
import { BuildStepError, buildCancelled } from '../errors.ts';
import { PREDEFINED_ARGS } from '../plan/arguments.ts';
import { keepFailed } from './failed-step.ts';
import { withMounts } from './mounts.ts';
import type { StepMounts } from './step-mounts.ts';
import type { RunRequest } from './run-request.ts';
import { scratchImage } from './scratch.ts';

/** Runs the step in a container upon the layers and answers what it wrote as a layer. Errors: `BUILD_STEP_FAILED`. */
export async function runStep(request: RunRequest): Promise<Layer> {
  const { session, operation, roots } = request;
  if (operation.insecure && !session.request.allowInsecure)
    throw new BuildStepError('RUN --security=insecure is not allowed by this request: ask for it with gantry build --allow security.insecure');
  return await withMounts(session, operation, roots, (given) => runContainer(request, given));
}

async function runContainer(request: RunRequest, given: StepMounts): Promise<Layer> {
  const { session, operation, epoch_ms, say } = request;
  const { containers } = session.options.engine;
  const spec = await containerSpec(request, given);
  const container = await containers.create(spec);
  try {
    await say(` ---> Running in ${container.id.slice(0, 12)}\n`);
    const streams = await containers.attach(container.id, { stdin: false, stdout: true, stderr: true });
    const exitCode = await runToEnd(request, container.id, streams).catch(async (error: unknown) => {
      // It may not even have begun: what is missing is found in its files.
      if (!session.signal.aborted) await keepFailed(request, spec, { container: container.id, failure: messageOf(error) });
      throw error;
    });
    if (exitCode !== 0) {
      const failed = new BuildStepError(`The command '${operation.words.join(' ')}' returned a non-zero code: ${exitCode}`, { exitCode });
      await keepFailed(request, spec, { container: container.id, failure: failed.message });
      throw failed;
    }
    return await containers.commitLayer(container.id, epoch_ms === undefined ? {} : { latest_ms: epoch_ms });
  } finally {
    await containers.remove(container.id, { force: true, volumes: true });
    await say(` ---> Removed intermediate container ${container.id.slice(0, 12)}\n`);
  }
}

async function runToEnd({ session, write }: RunRequest, id: string, streams: ProcessStreams): Promise<number> {
  const { containers } = session.options.engine;
  const waiting = containers.wait(id, 'next-exit');
  // Whatever ends first, a rejection of the other must not be lost as unhandled.
  waiting.catch(() => undefined);
  const outputs = [streams.stdout, streams.stderr].flatMap((stream) => (stream ? [pipeline(stream, sayingWriter(write))] : []));
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

function sayingWriter(write: RunRequest['write']): Writable {
  const decoder = new StringDecoder('utf8');
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      Promise.resolve(write(decoder.write(chunk))).then(() => done(), done);
    },
    final(done) {
      const rest = decoder.end();
      Promise.resolve(rest === '' ? undefined : write(rest)).then(() => done(), done);
    },
  });
}

async function containerSpec({ session, operation, layers }: RunRequest, given: StepMounts): Promise<ContainerSpec> {
  const { request } = session;
  const proxies = PREDEFINED_ARGS.flatMap((name) => (request.buildArgs?.[name] ? [`${name}=${request.buildArgs[name]}`] : []));
  return {
    owner: { kind: 'build', id: session.id },
    image: operation.image ?? (await scratchImage(session)),
    layers,
    entrypoint: [],
    command: operation.words,
    environment: [...operation.environment, ...proxies, ...given.environment],
    workingDirectory: operation.workingDirectory,
    ...(operation.user === '' ? {} : { user: operation.user }),
    healthcheck: { Test: ['NONE'] },
    network: networkOf(operation.network),
    mounts: given.mounts,
    ...(operation.hostname === undefined ? {} : { hostname: operation.hostname }),
    ...(operation.insecure ? { security: { privileged: true } } : {}),
    ...(request.resources === undefined ? {} : { resources: request.resources }),
    ...(request.shmSize_bytes === undefined ? {} : { shmSize_bytes: request.shmSize_bytes }),
    ...(request.extraHosts === undefined ? {} : { extraHosts: request.extraHosts }),
  };
}

function networkOf(mode: string): NetworkMode {
  if (mode === 'none' || mode === 'host') return { kind: mode };
  return { kind: 'networks', endpoints: { [mode === 'default' || mode === '' ? 'bridge' : mode]: {} } };
}
