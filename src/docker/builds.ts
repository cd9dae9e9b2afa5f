import { BuildStepError, type BuildRequest } from '#build';
import { parseReference } from '#image';
import { badRequest, unsupported } from './errors.ts';
import type { Call } from './http.ts';
import { defined, Fields, isObject, type JsonObject } from './json.ts';
import type { Rooms } from './options.ts';
import { JsonLines, registryConfig } from './progress.ts';
import { resourceLimits } from './resources.ts';

/** Query parameters that ask for what the builder does not do, with the values that ask for nothing. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  remote: [],
  squash: ['0', 'false'],
  outputs: ['[]', 'null'],
  cgroupparent: [],
  isolation: ['default'],
  securityopt: ['null', '[]'],
  ulimits: ['null', '[]'],
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
    if (value !== '' && !harmless.includes(value)) throw unsupported(`${name} "${value}" in a build`);
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
    resources: resourceLimits(new Fields({ ...limits, CpusetCpus: call.text('cpusetcpus') ?? null, CpusetMems: call.text('cpusetmems') ?? null })),
    shmSize_bytes: shmSize === 0 ? undefined : shmSize,
    extraHosts: extraHosts.length === 0 ? undefined : extraHosts,
    platform: architecture === undefined ? undefined : defined({ os, architecture, variant }),
    auth: registryConfig(call.header('x-registry-config')),
    signal: call.signal,
  });
}

function jsonQuery(call: Call, name: string): JsonObject {
  const text = call.text(name);
  if (text === undefined) return {};
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

function buildArgs(object: JsonObject): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => {
      if (value !== null && typeof value !== 'string') throw badRequest(`invalid buildargs: the value of ${name} must be a string or null`);
      return [name, value] as const;
    }),
  );
}
