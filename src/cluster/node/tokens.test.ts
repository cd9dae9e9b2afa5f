import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, V1Pod } from '#cluster/api';
import type { ClusterClient } from '#cluster/client';
import { FakeClock, silentLogger } from '#kit';
import { PodTokens } from './tokens.ts';

const pod = (uid: string): V1Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: uid, namespace: 'default', uid } });
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** An API that gives tokens for as long as they are asked for. */
function issuing(clock: FakeClock): ClusterClient {
  let count = 0;
  const resource = {
    create: async ({ spec }: KubeObject & { spec: { expirationSeconds: number } }) => {
      count += 1;
      return { status: { token: `token-${count}`, expirationTimestamp: new Date(clock.now() + spec.expirationSeconds * 1000).toISOString() } };
    },
  };
  // Nothing else of a client is asked of it here.
  return { resource: () => resource, close: async () => {} } as unknown as ClusterClient;
}

test('each Pod is told once when the first of its tokens has lived four fifths of its time, and not after it went', async () => {
  const clock = new FakeClock();
  const tokens = new PodTokens(issuing(clock), { clock, logger: silentLogger });
  const told: string[] = [];
  const began_ms = clock.now();
  const follow = (uid: string) => tokens.follow(uid, () => told.push(`${uid} after ${(clock.now() - began_ms) / 1000} s`));
  follow('long');
  follow('short');
  const gone = follow('gone');
  await tokens.token(pod('long'), { lifetime_s: 2000 });
  await tokens.token(pod('short'), { lifetime_s: 1000 });
  await tokens.token(pod('short'), { lifetime_s: 3000 });
  await tokens.token(pod('gone'), { lifetime_s: 500 });
  gone[Symbol.dispose]();
  await clock.advance(1_700_000, settle);
  assert.deepEqual(told, ['short after 800 s', 'long after 1600 s']);
  assert.equal(await tokens.token(pod('short'), { lifetime_s: 1000 }), 'token-5');
  await clock.advance(900_000, settle);
  assert.deepEqual(told, ['short after 800 s', 'long after 1600 s', 'short after 2400 s']);
  tokens.stop();
  assert.equal(clock.next_ms, undefined);
});
