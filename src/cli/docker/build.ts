import type { Command } from '../command.ts';
import { messageOf, systemClock } from '#kit';
import { writeFile } from 'node:fs/promises';
import { UsageError } from '../errors.ts';
import { write } from '../interact.ts';
import { checkAfterwards, checkBeforehand, checkOnly } from './build-check.ts';
import { cachePlaces, type ExportedSteps, sendCaches, writeCaches } from './build-cache.ts';
import { openShell } from './build-debug.ts';
import { buildArguments, parseBuild, queryOf, refuseUnknown } from './build-options.ts';
import { progressOf, showBuild } from './build-progress.ts';
import { parseOutputs, writeOutputs } from './build-output.ts';
import { extensionHeader, readSecrets } from './build-secrets.ts';
import { parseContexts, removeBrought, sendContexts } from './build-named.ts';
import { agentsOf } from './build-ssh.ts';
import { attestOptions, withAttestValues } from './build-attest.ts';
import { buildSource, type BuildSource } from './build-source.ts';
import { sourceVersion } from './build-vcs.ts';
import { connectDocker, DOCKER_USAGE } from './connect.ts';
import { buildLoginHeader } from './credentials.ts';
import type { ProgressLine } from './progress.ts';
import { nowhere } from './pull.ts';
import { pushImage } from './push.ts';

export const build: Command = {
  usage:
    'build [-t NAME[:TAG]]... [-f FILE] [--build-arg NAME[=VALUE]]... [--label NAME=VALUE]... [--target STAGE] [--no-cache] [--no-cache-filter STAGE]... [--pull] [-q]\n' +
    '       [--secret id=NAME,src=FILE|env=NAME]... [--ssh default|ID=SOCKET]... [--allow security.insecure] [--build-context NAME=SOURCE]... [--cache-from IMAGE|type=local,src=DIR]...\n' +
    '       [--cache-to type=registry,ref=NAME[,mode=max]|type=local,dest=DIR[,mode=max]|type=inline]... [-o DIR|type=TYPE,dest=PATH]... [--iidfile FILE] [--debug]\n' +
    '       [--sbom[=BOOL]] [--provenance[=BOOL|mode=min|max]] [--attest type=sbom|provenance[,mode=min|max]]...\n' +
    '       [--platform OS/ARCH] [--network N] [--add-host NAME:IP]... [-m SIZE] [--memory-swap SIZE] [-c SHARES] [--cpu-period MICROSECONDS] [--cpu-quota MICROSECONDS]\n' +
    '       [--cpuset-cpus LIST] [--cpuset-mems LIST] [--shm-size SIZE] [--ulimit NAME=SOFT[:HARD]]...\n' +
    `       [--check [--format json]] [--progress auto|plain|tty|quiet|rawjson] ${DOCKER_USAGE} PATH|-`,
  async run(commandArguments, terminal) {
    const { values, positionals } = parseBuild(withAttestValues(commandArguments));
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw new UsageError('Cannot build without one context: gantry build PATH, or - for standard input');
    refuseUnknown(values);
    const attested = attestOptions(values);
    const caches = cachePlaces(values['cache-from'], values['cache-to']);
    const output = parseOutputs(values.output);
    const names = [...values.tag, ...output.names];
    if (output.push && names.length === 0) throw new UsageError('Cannot push an image without a name: give it by -t NAME, or by name=NAME in --output');
    const named = parseContexts(values['build-context']);
    const secrets = await readSecrets(values.secret, terminal.environment);
    const client = await connectDocker(values, terminal);
    const isRemote = /^(?:https?|git|ssh):\/\/|^git@/.test(path);
    const { tar, dockerfile, text: written }: Partial<BuildSource> = isRemote ? { dockerfile: values.file } : await buildSource(path, values.file, terminal);
    const buildArgs = buildArguments(values['build-arg'], terminal.environment);
    const checking = { buildArgs, target: values.target };
    if (values.check) return checkOnly(client, written, values.format, { ...checking, terminal });
    if (written) await checkBeforehand(client, written, checking);
    // What is written to standard output must stand there alone.
    const told = output.toStdout ? terminal.stderr : terminal.stdout;
    const progress = values.quiet ? 'quiet' : progressOf(values.progress, told, terminal);
    const query = {
      ...(isRemote ? { remote: path } : {}),
      dockerfile,
      ...queryOf({ ...values, 'cache-from': [...caches.from], 'cache-to': [...caches.to] }, buildArgs),
      t: names,
      q: progress === 'quiet',
      ...output.compression,
    };
    const { contexts, broughtImages } = await sendContexts(client, named, values.platform);
    const extensions = extensionHeader({
      ...attested,
      source: attested.provenance === undefined || isRemote || path === '-' ? undefined : await sourceVersion(path, terminal.environment),
      secrets,
      contexts,
      sshAgents: agentsOf(values.ssh, terminal.environment),
      allowInsecure: values.allow.length > 0,
      keepFailed: values.debug,
      cacheSteps: caches.toFolders.length > 0 ? caches.mode : undefined,
      noCacheStages: values['no-cache-filter'].flatMap((names) => names.split(',')),
      stepEvents: progress === 'live' || progress === 'rawjson',
    });
    if (!values['no-cache']) await sendCaches(client, caches.fromFolders, terminal);
    const headers = { ...(await buildLoginHeader(terminal)), ...extensions };
    const stream = tar === undefined ? {} : { stream: { content: tar(), type: 'application/x-tar' } };
    const lines = client.lines<ProgressLine>({ method: 'POST', path: '/build', query, headers, ...stream });
    const seen: BuiltIds = {};
    try {
      await showBuild(noting(lines, seen), told, { progress, clock: systemClock });
    } catch (error) {
      if (values.debug && seen.failedStep !== undefined) await openShell(client, seen.failedStep, messageOf(error), terminal);
      throw error;
    } finally {
      await removeBrought(client, broughtImages, seen.image);
    }
    if (written && (progress === 'plain' || progress === 'live')) await write(terminal.stderr, await checkAfterwards(client, written, checking));
    if (seen.image !== undefined) {
      if (values.iidfile !== undefined) await writeFile(values.iidfile, seen.image);
      if (seen.cacheSteps !== undefined) await writeCaches(client, caches.toFolders, seen.cacheSteps, terminal);
      await writeOutputs(client, output, { id: seen.image, named: names.length > 0 }, terminal);
    }
    if (output.push) for (const name of names) await pushImage(client, name, terminal, progress === 'quiet' ? nowhere() : told);
    return 0;
  },
};

interface BuiltIds {
  image?: string;
  failedStep?: string;
  cacheSteps?: ExportedSteps;
}

/** Passes the lines on and notes what they say of images. */
async function* noting(lines: AsyncIterable<ProgressLine>, seen: BuiltIds): AsyncGenerator<ProgressLine> {
  for await (const line of lines) {
    const { ID, FailedStep, CacheSteps } = (line.aux ?? {}) as { ID?: string; FailedStep?: string; CacheSteps?: ExportedSteps }; // as the server writes it
    if (ID !== undefined) seen.image = ID;
    if (FailedStep !== undefined) seen.failedStep = FailedStep;
    if (CacheSteps !== undefined) seen.cacheSteps = CacheSteps;
    yield line;
  }
}
