import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resources } from './pod-runtime.ts';

test('what the kernel is told of requests and limits: swap as much as memory, a period of 100 ms, shares from the request or the limit', () => {
  const mega = 2 ** 20;
  assert.deepEqual(resources({ limits: { cpu_millicores: 300, memory_bytes: 64 * mega }, requests: { cpu_millicores: 100, memory_bytes: 32 * mega } }), {
    memory_bytes: 64 * mega,
    memorySwap_bytes: 64 * mega,
    cpuPeriod_us: 100_000,
    cpuQuota_us: 30_000,
    cpuShares: 102,
  });
  assert.deepEqual(resources({ limits: { cpu_millicores: 1 }, requests: {} }), { cpuPeriod_us: 100_000, cpuQuota_us: 1000, cpuShares: 2 });
  assert.deepEqual(resources({ limits: {}, requests: { memory_bytes: mega } }), {});
});
