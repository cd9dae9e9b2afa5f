import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { patiently } from './retry-after.ts';

interface Given {
  readonly statusCode: number;
  readonly after?: string;
}

/** What came of asking a server that answers these, the last one again and again; and how long was waited each time. */
async function asked(answers: readonly Given[]) {
  const waits_ms: number[] = [];
  let asks = 0;
  const ask = async () => {
    const { statusCode, after } = answers[Math.min(asks, answers.length - 1)] ?? { statusCode: 0 };
    asks += 1;
    // As much of a response as is looked at.
    return { statusCode, headers: after === undefined ? {} : { 'retry-after': after }, resume: () => undefined } as unknown as IncomingMessage;
  };
  const { statusCode } = await patiently(ask, undefined, { sleep: async (delay_ms) => void waits_ms.push(delay_ms) });
  return { statusCode, asks, waits_ms };
}

const CASES: readonly (readonly [string, readonly Given[], Awaited<ReturnType<typeof asked>>])[] = [
  ['an answer is taken', [{ statusCode: 200, after: '5' }], { statusCode: 200, asks: 1, waits_ms: [] }],
  [
    'a server that is busy is asked again when it says',
    [{ statusCode: 429, after: '2' }, { statusCode: 503, after: '1' }, { statusCode: 201 }],
    { statusCode: 201, asks: 3, waits_ms: [2000, 1000] },
  ],
  ['one that says no time is not: an eviction that is forbidden now', [{ statusCode: 429 }], { statusCode: 429, asks: 1, waits_ms: [] }],
  ['nor one that says a date', [{ statusCode: 503, after: 'Wed, 21 Oct 2026 07:28:00 GMT' }], { statusCode: 503, asks: 1, waits_ms: [] }],
  [
    'after ten times the refusal is the answer',
    [{ statusCode: 429, after: '1' }],
    { statusCode: 429, asks: 10, waits_ms: Array.from({ length: 9 }, () => 1000) },
  ],
];
for (const [what, answers, expected] of CASES) test(what, async () => assert.deepEqual(await asked(answers), expected));
