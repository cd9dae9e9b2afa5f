import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Container, ContainerState } from '#engine';
import { statusText } from './container-view.ts';
import { eventLine } from './event-log.ts';
import { fakeRooms } from './fake-rooms.testing.ts';
import { Filters } from './filters.ts';
import { DetachScanner, detachSequence } from './multiplex.ts';
import { statsView } from './stats.ts';
import { humanDuration, parseMoment_ms, utcTime } from './times.ts';

const NOW_MS = 1_700_000_000_000;
const container = fakeRooms().add({ owner: { kind: 'docker' }, image: 'x', network: { kind: 'none' } });

describe('statusText', () => {
  const exit = { exitCode: 137, oomKilled: true, startedAt_ms: NOW_MS - 9000, finishedAt_ms: NOW_MS - 5000 };
  const cases: readonly (readonly [ContainerState, string])[] = [
    [{ status: 'created' }, 'Created'],
    [{ status: 'running', pid: 1, startedAt_ms: NOW_MS - 180_000 }, 'Up 3 minutes'],
    [{ status: 'paused', pid: 1, startedAt_ms: NOW_MS - 2000 }, 'Up 2 seconds (Paused)'],
    [{ status: 'exited', exit }, 'Exited (137) 5 seconds ago'],
    [{ status: 'restarting', exit }, 'Restarting (137) 5 seconds ago'],
  ];
  for (const [state, expected] of cases) it(expected, () => assert.equal(statusText({ ...container, state }, NOW_MS), expected));
  it('tells health', () => {
    const healthy: Container = {
      ...container,
      state: { status: 'running', pid: 1, startedAt_ms: NOW_MS - 60_000 },
      health: { status: 'healthy', failingStreak: 0, log: [] },
    };
    assert.equal(statusText(healthy, NOW_MS), 'Up About a minute (healthy)');
  });
});

describe('times', () => {
  const durations: readonly (readonly [number, string])[] = [
    [0, 'Less than a second'],
    [1000, '1 second'],
    [3_600_000, 'About an hour'],
    [86_400_000 * 3, '3 days'],
  ];
  for (const [duration, expected] of durations) it(expected, () => assert.equal(humanDuration(duration), expected));
  const moments: readonly (readonly [string, number | undefined])[] = [
    ['1700000000.5', 1_700_000_000_500],
    ['2023-11-14T22:13:20Z', NOW_MS],
    ['10s', NOW_MS - 10_000],
    ['', undefined],
  ];
  for (const [text, expected] of moments) it(`reads ${JSON.stringify(text)}`, () => assert.equal(parseMoment_ms(text, NOW_MS, 'since'), expected));
  it('tells times in UTC with their nanoseconds', () => {
    assert.equal(utcTime('2023-11-14T23:13:20.123456789+01:00'), '2023-11-14T22:13:20.123456789Z');
    assert.equal(utcTime('2023-11-14T22:13:20Z'), '2023-11-14T22:13:20Z');
  });
  it('refuses nonsense', () => assert.throws(() => parseMoment_ms('soon', NOW_MS, 'since'), /since/));
});

describe('filters', () => {
  for (const text of ['{"label":["a=1","b"]}', '{"label":{"a=1":true,"b":true}}']) {
    it(text, () => {
      const filters = new Filters(text, ['label']);
      assert.ok(filters.labels({ a: '1', b: '' }));
      assert.ok(!filters.labels({ a: '2', b: '' }));
    });
  }
  it('names an unknown key', () => assert.throws(() => new Filters('{"x":["y"]}', ['label']), /invalid filter 'x'/));
  it('refuses what is no JSON', () => assert.throws(() => new Filters('{', []), /invalid filter/));
});

describe('the detach keys', () => {
  it('are parsed', () => {
    assert.deepEqual([...(detachSequence('') ?? [])], [16, 17]);
    assert.deepEqual([...(detachSequence('ctrl-@,a') ?? [])], [0, 97]);
    assert.equal(detachSequence('ctrl'), undefined);
  });
  it('are found across chunks, and held back while they may come', () => {
    const scanner = new DetachScanner(Buffer.from([16, 17]));
    assert.deepEqual(scanner.scan(Buffer.from([1, 16])), { pass: Buffer.from([1]), detached: false });
    assert.deepEqual(scanner.scan(Buffer.from([2, 16, 16])), { pass: Buffer.from([16, 2, 16]), detached: false });
    assert.deepEqual(scanner.scan(Buffer.from([17, 9])), { pass: Buffer.from([]), detached: true });
  });
});

it('writes the nanoseconds of an event whole', () => {
  const line = eventLine(
    {
      Type: 'container',
      Action: 'start',
      Actor: { ID: 'i', Attributes: {} },
      scope: 'local',
      time: 1,
      timeNano: 1_700_000_000_123_456_789n,
    },
    56,
  );
  assert.match(line, /"timeNano":1700000000123456789\}\n$/);
});

it('gives the two samples that a percentage needs', () => {
  const sample = {
    read_ms: NOW_MS,
    cpu_total_ns: 5,
    cpu_user_ns: 3,
    cpu_system_ns: 2,
    system_cpu_ns: 100,
    online_cpus: 2,
    memory_working_set_bytes: 1,
    memory_usage_bytes: 2,
    memory_limit_bytes: 3,
    memory_stat: { cache: 1 },
    pids: 1,
    cpu_throttling: { periods: 0, throttled_periods: 0, throttled_ns: 0 },
    io: [],
    memory_max_usage_bytes: 0,
    networks: {},
  };
  const view = JSON.parse(JSON.stringify(statsView(container, sample, { ...sample, cpu_total_ns: 1 }, NOW_MS))) as {
    cpu_stats: { cpu_usage: { total_usage: number } };
    precpu_stats: { cpu_usage: { total_usage: number } };
  };
  assert.deepEqual([view.cpu_stats.cpu_usage.total_usage, view.precpu_stats.cpu_usage.total_usage], [5, 1]);
});
