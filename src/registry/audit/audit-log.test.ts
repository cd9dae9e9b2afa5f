import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger, systemClock } from '#kit';
import { type AuditEntry, AuditLog } from './audit-log.ts';

const entry = (number: number): AuditEntry => ({
  user: 'ann',
  address: '127.0.0.1',
  method: 'GET',
  action: 'pull',
  kind: 'blob',
  reference: String(number),
  status: 200,
  agent: 'x'.repeat(1000),
});

test('what waits for the disk has a bound, and a line says how many entries went past it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-audit-'));
  try {
    const file = join(folder, 'audit.log');
    const log = await AuditLog.open({ file }, { clock: systemClock, logger: silentLogger });
    const count = 20_000;
    // All in one turn: nothing of it can reach the disk meanwhile.
    for (let number = 0; number < count; number += 1) log.write(entry(number));
    await log.stop();
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as { kind: string; reference?: string; lost?: number; reason?: string }); // as it was written just now
    const last = parsed.at(-1);
    assert.equal(last?.kind, 'lost');
    assert.equal(parsed.length - 1 + (last.lost ?? 0), count);
    assert.equal(log.lost, last.lost);
    assert.match(last.reason ?? '', /^the disk did not keep up: \d+ requests/);
    assert.ok(lines.join('\n').length < 9 * 2 ** 20);
    assert.deepEqual(
      parsed.slice(0, -1).map(({ reference }) => reference),
      Array.from({ length: parsed.length - 1 }, (_, number) => String(number)),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('below the bound nothing is said of loss', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-audit-'));
  try {
    const file = join(folder, 'audit.log');
    const log = await AuditLog.open({ file }, { clock: systemClock, logger: silentLogger });
    for (let number = 0; number < 100; number += 1) log.write(entry(number));
    await log.stop();
    const text = await readFile(file, 'utf8');
    assert.equal(text.trimEnd().split('\n').length, 100);
    assert.doesNotMatch(text, /lost/);
    assert.equal(log.lost, 0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
