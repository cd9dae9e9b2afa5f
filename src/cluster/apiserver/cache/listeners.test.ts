import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#cluster/api';
import type { CacheEvent } from './cache-event.ts';
import { Listeners } from './listeners.ts';

const pod = (nodeName?: string): KubeObject & { spec: object } => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: nodeName === undefined ? {} : { nodeName },
});
const event = (object: KubeObject, previous?: KubeObject): CacheEvent => ({ revision: 1, key: '/p', type: 'put', object, ...(previous ? { previous } : {}) });

test('who is interested in one node hears of what comes to it, changes on it and leaves it, once each, and of nothing else', () => {
  const listeners = new Listeners();
  const heard: string[] = [];
  using _all = listeners.add(() => heard.push('all'));
  using _a = listeners.add(() => heard.push('a'), { field: 'spec.nodeName', text: 'a' });
  const b = listeners.add(() => heard.push('b'), { field: 'spec.nodeName', text: 'b' });
  using _unbound = listeners.add(() => heard.push('unbound'), { field: 'spec.nodeName', text: '' });
  const tell = (object: KubeObject, previous?: KubeObject) => {
    heard.length = 0;
    listeners.tell(event(object, previous));
    return heard.toSorted();
  };
  assert.deepEqual(tell(pod()), ['all', 'unbound']);
  assert.deepEqual(tell(pod('a'), pod()), ['a', 'all', 'unbound']);
  assert.deepEqual(tell(pod('a'), pod('a')), ['a', 'all']);
  assert.deepEqual(tell(pod('b'), pod('a')), ['a', 'all', 'b']);
  b[Symbol.dispose]();
  b[Symbol.dispose]();
  assert.deepEqual(tell(pod('b'), pod('a')), ['a', 'all']);
  assert.equal(listeners.size, 3);
});
