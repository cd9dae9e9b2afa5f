import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Transcript } from './transcript.ts';

test('whenever steps speak and end, they are heard whole and in their order', async () => {
  const moves = fc.array(fc.record({ step: fc.nat(4), ends: fc.boolean() }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(moves, async (list) => {
      let heard = '';
      const transcript = new Transcript((text) => void (heard += text));
      const logs = [0, 1, 2, 3, 4].map((step) => transcript.step(`[${step}`));
      const expected = logs.map((_, step) => `[${step}`);
      const ended = new Set<number>();
      for (const [index, { step, ends }] of list.entries()) {
        if (ended.has(step)) continue;
        expected[step] += `.${index}`;
        await logs[step]?.say(`.${index}`);
        if (!ends) continue;
        ended.add(step);
        await logs[step]?.end();
      }
      for (const [step, log] of logs.entries()) if (!ended.has(step)) await log.end();
      assert.equal(heard, expected.join(''));
    }),
  );
});

test('the first step is heard at once, the next when it has ended', async () => {
  const heard: string[] = [];
  const transcript = new Transcript((text) => void heard.push(text));
  const [first, second] = [transcript.step('first '), transcript.step('second ')];
  await second.say('waits ');
  await first.say('speaks ');
  assert.deepEqual(heard, ['first ', 'speaks ']);
  await first.end();
  assert.deepEqual(heard, ['first ', 'speaks ', 'second waits ']);
  await second.say('speaks ');
  assert.equal(heard.at(-1), 'speaks ');
});

test('a step that failed before its turn is heard too, and one that says very much is cut in words', async () => {
  let heard = '';
  const transcript = new Transcript((text) => void (heard += text));
  transcript.step('');
  const failing = transcript.step('failing ');
  await failing.say('x'.repeat(2_000_000));
  await transcript.tell(failing);
  assert.match(heard, /^failing \[2000000 more characters of this step were left out\]\n$/);
});
