import { isAbsolute } from 'node:path';
import { BuildStepError, type BuildRequest, type GivenContext, isGitAddress } from '#build';
import { parseReference } from '#image';
import { badRequest, unsupported } from './errors.ts';
import type { Call } from './http.ts';
import { defined, Fields, isObject, type JsonObject } from './json.ts';
import type { Rooms } from './options.ts';
import { JsonLines, registryConfig } from './progress.ts';
import { resourceLimits } from './resources.ts';

/** Query parameters that ask for what the builder does not do, with the values that ask for nothing. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  squash: ['0', 'false'],
  outputs: ['[]', 'null'],
  cgroupparent: [],
  isolation: ['default'],
  securityopt: ['null', '[]'],
  session: [],
};

/** `POST /build`, the classic builder. */
export async function buildImage(call: Call, rooms: Rooms): Promise<void> {
  const request = buildRequest(call);
  const quiet = call.flag('q');
  const lines = new JsonLines(call);
  try {
    const image = await rooms.builder.build(request, (output) => (quiet ? undefined : lines.send(output)));
    if (quiet) await lines.send({ stream: `${image.id}\n` });
    lines.end();
  } catch (error) {
    lines.fail(error, error instanceof BuildStepError ? error.exitCode : undefined);
  }
}

/** Translates the query of a build. */
export function buildRequest(call: Call): BuildRequest {
  const { query } = call;
  for (const [name, harmless] of Object.entries(REFUSED)) {
    const value = query.get(name) ?? '';
    if (value !== '' && !harmless.includes(value))
      throw unsupported(`${name} "${value}" in a build${name === 'outputs' ? ' over this API (gantry build --output writes a folder or an archive)' : ''}`);
  }
  if ((query.get('version') ?? '1') === '2') throw unsupported('version 2 of the builder (BuildKit): set DOCKER_BUILDKIT=0; it');
  const platform = call.text('platform');
  const [os = '', architecture, variant] = platform?.split('/') ?? [];
  if (platform !== undefined && architecture === undefined) throw badRequest(`invalid platform "${platform}" (a right one looks like linux/amd64)`);
  const limits = Object.fromEntries(
    (['memory', 'memswap', 'cpushares', 'cpuperiod', 'cpuquota'] as const).map((name) => [
      { memory: 'Memory', memswap: 'MemorySwap', cpushares: 'CpuShares', cpuperiod: 'CpuPeriod', cpuquota: 'CpuQuota' }[name],
      call.integer(name) ?? 0,
    ]),
  );
  const shmSize = call.integer('shmsize');
  const extraHosts = query
    .getAll('extrahosts')
    .flatMap((text) => text.split(','))
    .filter((text) => text !== '');
  return defined({
    context: call.request,
    dockerfile: call.text('dockerfile'),
    tags: query
      .getAll('t')
      .filter((name) => name !== '')
      .map(parseReference),
    buildArgs: buildArgs(jsonQuery(call, 'buildargs')),
    labels: new Fields({ labels: jsonQuery(call, 'labels') }).map('labels'),
    target: call.text('target'),
    noCache: call.flag('nocache'),
    pull: call.flag('pull'),
    networkMode: call.text('networkmode'),
    resources: resourceLimits(
      new Fields({ ...limits, Ulimits: jsonList(call, 'ulimits'), CpusetCpus: call.text('cpusetcpus') ?? null, CpusetMems: call.text('cpusetmems') ?? null }),
    ),
    shmSize_bytes: shmSize === 0 ? undefined : shmSize,
    extraHosts: extraHosts.length === 0 ? undefined : extraHosts,
    platform: architecture === undefined ? undefined : defined({ os, architecture, variant }),
    remote: call.text('remote'),
    cacheFrom: cacheSources(call),
    ...cacheTargets(jsonList(call, 'cacheto')),
    compression: compressionOf(call),
    ...extensions(call.header(EXTENSIONS)),
    auth: registryConfig(call.header('x-registry-config')),
    signal: call.signal,
  });
}

/** Gantry's own parameters: how the layers are compressed. Errors: 400. */
function compressionOf(call: Call): BuildRequest['compression'] {
  const [compression, level, force] = [call.text('compression'), call.integer('compressionlevel'), call.flag('forcecompression')];
  if (compression === undefined) {
    if (level !== undefined || force) throw badRequest('compressionlevel and forcecompression go with compression=gzip or compression=zstd');
    return undefined;
  }
  if (compression !== 'gzip' && compression !== 'zstd') throw badRequest(`invalid compression "${compression}": it is gzip or zstd`);
  const [least, most] = compression === 'gzip' ? [0, 9] : [1, 22];
  if (level !== undefined && (level < least || level > most))
    throw badRequest(`invalid compressionlevel ${level}: of ${compression} it is a number from ${least} to ${most}`);
  return { compression, force, ...(level === undefined ? {} : { level }) };
}

/** What Docker's API has no words for: `gantry build` sends it in a header of its own, base64url JSON. */
const EXTENSIONS = 'x-gantry-build';

function extensions(
  header: string | undefined,
): Pick<BuildRequest, 'secrets' | 'namedContexts' | 'sshAgents' | 'allowInsecure' | 'keepFailed' | 'noCacheStages' | 'stepEvents' | 'attest' | 'cacheSteps'> {
  if (header === undefined || header === '') return {};
  const fields = new Fields(parseObject(Buffer.from(header, 'base64url').toString('utf8'), 'X-Gantry-Build'), 'X-Gantry-Build.');
  const secrets = Object.entries(fields.map('secrets') ?? {}).map(([id, content]) => [id, Buffer.from(content, 'base64')] as const);
  const cacheSteps = fields.text('cacheSteps');
  return defined({
    secrets: new Map(secrets),
    namedContexts: contextsOf(fields.map('contexts') ?? {}),
    sshAgents: agentsOf(fields.map('sshAgents') ?? {}),
    allowInsecure: fields.flag('allowInsecure'),
    keepFailed: fields.flag('keepFailed'),
    noCacheStages: fields.texts('noCacheStages'),
    stepEvents: fields.flag('stepEvents'),
    cacheSteps: cacheSteps === undefined || cacheSteps === '' ? undefined : modeOf('cacheSteps', cacheSteps),
    attest: attestOf(fields.flag('sbom') ?? false, fields.text('provenance'), fields.inner('source')),
  });
}

/** `POST /gantry/build/context`, Gantry's own: a tar that a build will have for a named context, by the answered id. */
export async function takeContext(call: Call, rooms: Rooms): Promise<void> {
  call.json(200, { Id: await rooms.builder.takeContext(call.request, call.signal) });
}

/** `docker-image://NAME`, `sent://ID`, or the address of a repository. Errors: 400. */
function contextsOf(given: Readonly<Record<string, string>>): NonNullable<BuildRequest['namedContexts']> {
  return new Map<string, GivenContext>(
    Object.entries(given).map(([name, text]): readonly [string, GivenContext] => {
      const [, scheme, rest = ''] = /^(docker-image|sent):\/\/(.+)$/.exec(text) ?? [];
      if (scheme === 'docker-image') return [name, { kind: 'image', name: rest }];
      if (scheme === 'sent') return [name, { kind: 'sent', id: rest }];
      if (!isGitAddress(text)) throw badRequest(`invalid contexts.${name} "${text}": it must be docker-image://NAME or the address of a git repository`);
      return [name, { kind: 'git', url: text }];
    }),
  );
}

/** Sockets of this machine, by their ids. Errors: 400 for a path that would be taken from the daemon's own folder. */
function agentsOf(given: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  for (const [id, path] of Object.entries(given))
    if (!isAbsolute(path)) throw badRequest(`invalid sshAgents.${id} "${path}": it must be the absolute path of a socket`);
  return new Map(Object.entries(given));
}

/** Errors: 400. */
function attestOf(sbom: boolean, provenance: string | undefined, source: Fields): BuildRequest['attest'] {
  if (provenance !== undefined && provenance !== '' && provenance !== 'min' && provenance !== 'max')
    throw badRequest(`invalid provenance "${provenance}": it is min or max`);
  if (!sbom && !provenance) return undefined;
  const [remote, commit, isChanged] = [source.text('remote'), source.text('commit'), source.flag('isChanged')];
  if (commit !== undefined && !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) throw badRequest(`invalid source.commit "${commit}"`);
  const told = commit === undefined ? {} : { source: { commit, isChanged, ...(remote === undefined ? {} : { remote }) } };
  return { sbom, ...(provenance ? { provenance, ...told } : {}) };
}

/** Docker's client sends a JSON list of images; BuildKit's words for other kinds of sources are refused. */
function cacheSources(call: Call): readonly string[] | undefined {
  const names = jsonList(call, 'cachefrom').map((item) => {
    if (typeof item !== 'string' || /[,=]/.test(item.replace(/^type=registry,ref=/, '')))
      throw unsupported(`the cache source ${JSON.stringify(item)} (only the name of an image, or type=registry,ref=NAME)`);
    return item.replace(/^type=registry,ref=/, '');
  });
  return names.length === 0 ? undefined : names;
}

/** Gantry's own parameter: `type=registry,ref=NAME[,mode=min|max]` or `type=inline`, as a JSON list. Errors: 400, 501. */
function cacheTargets(given: readonly unknown[]): Pick<BuildRequest, 'cacheTo' | 'cacheInline'> {
  const targets: NonNullable<BuildRequest['cacheTo']>[number][] = [];
  let cacheInline = false;
  for (const item of given) {
    if (typeof item !== 'string') throw badRequest('invalid cacheto: it must be a JSON list of strings');
    const { type, ref, mode = 'min', ...unknown } = Object.fromEntries(new URLSearchParams(item.replaceAll(',', '&').replaceAll('+', '%2B')));
    if (type !== 'registry' && type !== 'inline')
      throw unsupported(
        `a cache of ${type === undefined ? 'no type' : `type ${type}`} (type=registry,ref=NAME and type=inline are known here, and type=local,dest=DIR to gantry build)`,
      );
    const [other] = Object.keys(unknown);
    if (other !== undefined) throw badRequest(`invalid cacheto "${item}": there is no field ${other}; it has type, ref and mode`);
    const wanted = modeOf(`cacheto "${item}"`, mode);
    if (type === 'inline') cacheInline = true;
    else if (!ref) throw badRequest(`invalid cacheto "${item}": write type=registry,ref=NAME`);
    else targets.push({ reference: parseReference(ref), mode: wanted });
  }
  return { ...(targets.length === 0 ? {} : { cacheTo: targets }), ...(cacheInline ? { cacheInline } : {}) };
}

/** Errors: 400. */
function modeOf(what: string, mode: string): 'min' | 'max' {
  if (mode !== 'min' && mode !== 'max') throw badRequest(`invalid ${what}: mode is min or max`);
  return mode;
}

function jsonList(call: Call, name: string): readonly unknown[] {
  const text = call.text(name);
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    if (value === null) return [];
    if (Array.isArray(value)) return value;
  } catch (error) {
    throw badRequest(`invalid ${name}: it must be a JSON list`, error);
  }
  throw badRequest(`invalid ${name}: it must be a JSON list`);
}

function jsonQuery(call: Call, name: string): JsonObject {
  const text = call.text(name);
  return text === undefined ? {} : parseObject(text, name);
}

function parseObject(text: string, name: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badRequest(`invalid ${name}: it must be a JSON object`, error);
  }
  if (value === null) return {};
  if (!isObject(value)) throw badRequest(`invalid ${name}: it must be a JSON object`);
  return value;
}

/** `NAME` to its value, or null for the Dockerfile's own. Errors: 400. */
export function buildArgs(object: JsonObject): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => {
      if (value !== null && typeof value !== 'string') throw badRequest(`invalid buildargs: the value of ${name} must be a string or null`);
      return [name, value] as const;
    }),
  );
}
