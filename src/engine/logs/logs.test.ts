import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LogQuery } from '#kit';
import { LogSet } from './log-set.ts';
import { readLog } from './read-log.ts';
import { parseRecord } from './record.ts';

const T = '2026-01-01T00:00:0';
const over = { ended: () => true, onEnd: () => ({ [Symbol.dispose]() {} }) };

async function read(content: string, query: LogQuery): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-test-log-'));
  try {
    await writeFile(join(folder, 'log'), content);
    const lines: string[] = [];
    for await (const line of readLog(new LogSet(join(folder, 'log')), query, over)) lines.push(`${line.stream}:${Buffer.from(line.content).toString()}`);
    return lines;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const LOG = `${T}1.000000001+00:00 stdout F one\n${T}2.0+00:00 stderr P two-\n${T}2.1+00:00 stderr F half\n${T}3.0+00:00 stdout F \n${T}4.0+00:00 stdout P open`;

test('a log is cut by number, time and stream', async () => {
  const check = async (query: LogQuery, expected: string[]) => assert.deepEqual(await read(`${LOG}\n`, query), expected, JSON.stringify(query));
  const all = ['stdout:one\n', 'stderr:two-', 'stderr:half\n', 'stdout:\n', 'stdout:open'];
  await check({}, all);
  await check({ tail: 0 }, []);
  await check({ tail: 1 }, all.slice(4));
  await check({ tail: 2 }, all.slice(3));
  await check({ tail: 3 }, all.slice(1));
  await check({ tail: 4 }, all);
  await check({ tail: 99 }, all);
  await check({ since_ms: Date.parse(`${T}3Z`) }, all.slice(3));
  await check({ until_ms: Date.parse(`${T}2Z`) }, all.slice(0, 2));
  await check({ follow: true }, all);
});

test('the tail of a log of many blocks', async () => {
  const lines = Array.from({ length: 5000 }, (_, index) => `${T}1.0+00:00 stdout F ${String(index).padStart(40, 'x')}`);
  for (const tail of [1, 7, 1000, 4999, 5000]) {
    const got = await read(`${lines.join('\n')}\n`, { tail });
    assert.equal(got.length, tail);
    assert.match(got[0] ?? '', new RegExp(`x${5000 - tail === 0 ? 0 : 5000 - tail}\\n$`));
  }
});

test('a log in several files is read as one, by number and after them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-test-log-'));
  try {
    const set = new LogSet(join(folder, 'log'));
    const write = (name: string, from: number, to: number) =>
      writeFile(join(folder, name), Array.from({ length: to - from + 1 }, (_, index) => `${T}1.0+00:00 stdout F ${from + index}\n`).join(''));
    // A daemon that was cut off left no third file.
    await Promise.all([write('log.10', 1, 2), write('log.2', 3, 4), write('log.1', 5, 6), write('log', 7, 8), write('logbook', 99, 99)]);
    const lines = async (query: LogQuery) => {
      const got: number[] = [];
      for await (const line of readLog(set, query, over)) got.push(Number(Buffer.from(line.content).toString()));
      return got;
    };
    assert.deepEqual(await lines({ follow: true }), [1, 2, 3, 4, 5, 6, 7, 8]);
    for (const tail of [1, 2, 3, 4, 5, 7, 8, 9]) assert.deepEqual(await lines({ tail }), [1, 2, 3, 4, 5, 6, 7, 8].slice(-tail), `tail ${tail}`);
    await set.rotate(3, () => write('log', 9, 9));
    assert.deepEqual(await lines({}), [5, 6, 7, 8, 9]);
    // A writer that has ended begins no new file.
    await set.rotate(1, async () => undefined);
    assert.deepEqual(await lines({}), [9]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('times are told in UTC, whatever the machine keeps', () => {
  const time = (text: string) => parseRecord(Buffer.from(`${text} stdout F x`))?.time;
  assert.equal(time('2026-01-01T00:00:01.000000001+00:00'), '2026-01-01T00:00:01.000000001Z');
  assert.equal(time('2026-01-01T00:30:01.123456789+01:00'), '2025-12-31T23:30:01.123456789Z');
});
