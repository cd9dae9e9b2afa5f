import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseCidrOption, parseDuration, parseHostPort, parseParts, parseSize } from './config.ts';
import { historyOf } from './history-options.ts';
import { resolveConfig } from './options.ts';
import { servingOf } from './serving-options.ts';

test('addresses are read in every form, and refused with what a right one looks like', () => {
  assert.deepEqual(parseHostPort('--api', '127.0.0.1:6443'), { host: '127.0.0.1', port: 6443 });
  assert.deepEqual(parseHostPort('--api', ':6443'), { host: '127.0.0.1', port: 6443 });
  assert.deepEqual(parseHostPort('--api', '[::1]:6443'), { host: '::1', port: 6443 });
  for (const wrong of ['6443', 'a:b', 'host:99999', '::1:6443', 'host:0'])
    assert.throws(() => parseHostPort('--api', wrong), /--api: it must be HOST:PORT/, wrong);
});

test('networks are read, and refused with what a right one looks like', () => {
  assert.equal(parseCidrOption('--service-cidr', '10.43.0.0/16'), '10.43.0.0/16');
  for (const wrong of ['10.43.0.0', '10.43.0.256/16', '10.0.0.0/4', 'x/16'])
    assert.throws(() => parseCidrOption('--service-cidr', wrong), /--service-cidr: it must be/, wrong);
});

test('parts are read, and an unknown one is named', () => {
  assert.deepEqual([...parseParts('registry, apiserver')], ['registry', 'apiserver']);
  assert.throws(() => parseParts('registry,frob'), /"frob"/);
});

test('times are read with their units, and refused outside of what makes sense', () => {
  assert.deepEqual(
    ['500ms', '15s', '1m'].map((text) => parseDuration('--autoscaler-period', text)),
    [500, 15_000, 60_000],
  );
  for (const wrong of ['15', '1.5s', '0s', '50ms', '61m', 's'])
    assert.throws(() => parseDuration('--autoscaler-period', wrong), /--autoscaler-period: it must be a time/, wrong);
});

test('sizes are read with their units, and refused with what a right one looks like', () => {
  assert.deepEqual(
    ['0', '500m', '20G', '1t'].map((text) => parseSize('--build-cache-max', text)),
    [0, 500 * 2 ** 20, 20 * 2 ** 30, 2 ** 40],
  );
  for (const wrong of ['', '1.5g', '-1', '20gb', 'g'])
    assert.throws(() => parseSize('--build-cache-max', wrong), /--build-cache-max: it must be a size, such as 500m or 20g/, wrong);
});

test('history is bounded by revisions and by age', () => {
  assert.deepEqual(historyOf({}), {});
  assert.deepEqual(historyOf({ 'history-limit': '500', 'history-age': '7d' }), { limit: 500, age_ms: 604_800_000 });
  assert.throws(() => historyOf({ 'history-limit': '0' }), /"0" for --history-limit: it must be a number of revisions/);
  assert.throws(() => historyOf({ 'history-age': '7 days' }), /"7 days" for --history-age: it must be a time, such as 90m, 24h or 7d/);
  assert.throws(() => historyOf({ 'history-limit': '5', 'etcd-servers': 'http://127.0.0.1:1' }), /etcd keeps history by its age/);
});

test('how the API server serves is said in kube-apiserver’s words', () => {
  assert.deepEqual(servingOf({}, false), { limits: {}, shutdownDelay_ms: 0 });
  const all = {
    'event-ttl': '1h30m',
    'max-requests-inflight': '3000',
    'max-mutating-requests-inflight': '0',
    'request-timeout': '2m0s',
    'min-request-timeout': '300',
    'shutdown-delay-duration': '70s',
  };
  assert.deepEqual(servingOf(all, true), {
    eventTtl_s: 5400,
    limits: { maxRequestsInflight: 3000, maxMutatingRequestsInflight: 0, requestTimeout_ms: 120_000, minRequestTimeout_s: 300 },
    shutdownDelay_ms: 70_000,
  });
  for (const [name, wrong, words] of [
    ['event-ttl', '10ms', /"10ms" for --event-ttl: it must be a time from 1s to 576h, such as 90s or 1h30m/],
    ['request-timeout', '0', /"0" for --request-timeout: it must be a time from 1ms to 576h/],
    ['shutdown-delay-duration', '11m', /"11m" for --shutdown-delay-duration: it must be a time from 0 to 600s/],
    ['max-requests-inflight', '-1', /"-1" for --max-requests-inflight: it must be a whole number/],
    ['min-request-timeout', '5s', /"5s" for --min-request-timeout: it must be a whole number/],
  ] as const)
    assert.throws(() => servingOf({ [name]: wrong }, true), words);
  assert.throws(() => servingOf({ 'event-ttl': '1h' }, false), /Cannot take --event-ttl without an API server: add apiserver to --parts/);
});

test('a configuration file has the options of the command line, which win', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-config-'));
  try {
    const path = join(folder, 'gantry.yaml');
    await writeFile(path, 'data-dir: /from/file\nparts: [engine, registry]\nregistry: 127.0.0.1:5001\nautoscaler-period: 2s\n');
    const config = await resolveConfig({ registry: '127.0.0.1:5002' }, path, {});
    assert.deepEqual([config.dataDir, config.registry.port, [...config.parts], config.autoscalerPeriod_ms], ['/from/file', 5002, ['engine', 'registry'], 2000]);
    await writeFile(path, 'data-dirr: /x\n');
    await assert.rejects(resolveConfig({}, path, {}), /Cannot take "data-dirr" in .*: the options are data-dir, /);
    await writeFile(path, '- a list');
    await assert.rejects(resolveConfig({}, path, {}), /it must be a YAML mapping/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('entries of clients go where their own variables say', async () => {
  const config = await resolveConfig({}, undefined, { KUBECONFIG: ':/k/one:/k/two', DOCKER_CONFIG: '/d' });
  assert.deepEqual([config.kubeconfig, config.dockerContext], ['/k/one', { folder: '/d', name: 'gantry' }]);
  assert.equal(
    (await resolveConfig({ 'data-dir': '/elsewhere' }, undefined, {})).dockerContext,
    undefined,
    'another data dir gets a context only when it is named',
  );
});

test('proxies are those of the options, else of the environment in either writing', async () => {
  const proxies = async (given: Parameters<typeof resolveConfig>[0], environment: NodeJS.ProcessEnv) =>
    (await resolveConfig(given, undefined, environment)).settings.proxies;
  assert.deepEqual(await proxies({}, {}), {});
  assert.deepEqual(await proxies({}, { HTTPS_PROXY: 'p:1', http_proxy: 'http://q:2', no_proxy: 'a,b' }), { https: 'p:1', http: 'http://q:2', no: 'a,b' });
  assert.deepEqual(await proxies({ 'https-proxy': '' }, { HTTPS_PROXY: 'p:1' }), {}, 'an empty option takes it away');
  await assert.rejects(
    proxies({}, { HTTPS_PROXY: 'socks5://ann:secret@p:1' }),
    /Cannot take "socks5:\/\/p:1" for --https-proxy \(or the variable HTTPS_PROXY\)/,
  );
});

test('the socket that is there anyway is not served twice', async () => {
  const { settings, dockerSocket } = await resolveConfig({ host: 'unix:///run/a.sock,unix:///run/b.sock', 'docker-socket': '/run/a.sock' }, undefined, {});
  assert.deepEqual([dockerSocket, settings.listen], ['/run/a.sock', [{ kind: 'unix', path: '/run/b.sock' }]]);
});
