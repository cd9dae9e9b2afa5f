import assert from 'node:assert/strict';
import { test } from 'node:test';
import { staleFlows } from './stale-flows.ts';
import type { PublishedPort, ServiceRule } from './types.ts';

const PORT: PublishedPort = { owner: 'a', protocol: 'udp', hostAddress: '0.0.0.0', hostPort: 53, targetAddress: '10.88.0.2', targetPort: 5353 };
const SERVICE: ServiceRule = { protocol: 'udp', address: '10.43.0.1', port: 53, backends: [{ address: '10.42.0.2', port: 53 }] };
const led = (published: readonly PublishedPort[], services: readonly ServiceRule[] = []) => ({ published, services });

for (const [what, before, after, expected] of [
  [
    'another way leads to the same place',
    led([PORT], [{ ...SERVICE, backends: [{ address: '10.88.0.2', port: 5353 }] }]),
    led([PORT]),
    [{ family: 4, to: { address: '10.43.0.1', port: 53 }, answeredBy: { address: '10.88.0.2', port: 5353 } }],
  ],
  ['nothing changed', led([PORT], [SERVICE]), led([PORT], [SERVICE]), []],
  ['TCP', led([]), led([{ ...PORT, protocol: 'tcp' }], [{ ...SERVICE, protocol: 'tcp' }]), []],
  ['a port is published', led([]), led([PORT]), [{ family: 4, to: { port: 53 } }]],
  ['a port is taken back', led([PORT]), led([]), [{ family: 4, to: { port: 53 }, answeredBy: { address: '10.88.0.2', port: 5353 } }]],
  [
    'a port of both families leads elsewhere',
    led([{ ...PORT, targetAddress6: 'fd00::2' }]),
    led([{ ...PORT, targetAddress: '10.88.0.3', targetAddress6: 'fd00::3' }]),
    [
      { family: 4, to: { port: 53 }, answeredBy: { address: '10.88.0.2', port: 5353 } },
      { family: 6, to: { port: 53 }, answeredBy: { address: 'fd00::2', port: 5353 } },
    ],
  ],
  [
    'the first backend comes',
    led([], [{ ...SERVICE, nodePort: 30_053, backends: [] }]),
    led([], [{ ...SERVICE, nodePort: 30_053 }]),
    [
      { family: 4, to: { address: '10.43.0.1', port: 53 } },
      { family: 4, to: { port: 30_053 } },
    ],
  ],
  [
    'a backend goes',
    led([], [{ ...SERVICE, backends: [...SERVICE.backends, { address: '10.42.0.3', port: 53 }] }]),
    led([], [SERVICE]),
    [{ family: 4, to: { address: '10.43.0.1', port: 53 }, answeredBy: { address: '10.42.0.3', port: 53 } }],
  ],
] as const) {
  test(`UDP flows to forget: ${what}`, () => assert.deepEqual(staleFlows(before, after), expected));
}
