import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeOf, checkApart, clash } from './published.ts';
import type { PublishedPort } from './types.ts';

/** `127.0.0.1:8080->80/udp`. */
function port(text: string): PublishedPort {
  const [, hostAddress = '', hostPort, targetPort, protocol = 'tcp'] = /^(.+):(\d+)->(\d+)(?:\/(\w+))?$/.exec(text) ?? [];
  return {
    owner: 'a',
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    hostAddress,
    hostPort: Number(hostPort),
    targetAddress: '10.88.0.2',
    targetPort: Number(targetPort),
  };
}
const shown = ({ hostAddress, hostPort, targetPort }: PublishedPort) => `${hostAddress}:${hostPort}->${targetPort}`;
const [ONE, TWO, MOVED] = ['0.0.0.0:1->80', '0.0.0.0:2->80', '0.0.0.0:1->81'] as const;

for (const [what, before, wanted, kept, gone, fresh] of [
  ['nothing changes', [ONE], [ONE], [ONE], [], []],
  ['one more', [ONE], [ONE, TWO], [ONE], [], [TWO]],
  ['one less', [ONE, TWO], [TWO], [TWO], [ONE], []],
  ['another target', [ONE], [MOVED], [], [ONE], [MOVED]],
  ['one that is to be chosen', [ONE], ['0.0.0.0:0->80'], [], [ONE], ['0.0.0.0:0->80']],
] as const)
  test(`from one set of ports to another: ${what}`, () => {
    const change = changeOf(before.map(port), wanted.map(port));
    assert.deepEqual([change.kept.map(shown), change.gone.map(shown), change.fresh.map(shown)], [kept, gone, fresh]);
  });

for (const [a, b, expected] of [
  [ONE, MOVED, true],
  [ONE, TWO, false],
  [ONE, '127.0.0.1:1->80', true],
  ['192.0.2.10:1->80', '127.0.0.1:1->80', false],
  ['127.0.0.1:1->80', '127.0.0.1:1->81', true],
  [ONE, '0.0.0.0:1->80/udp', false],
  ['0.0.0.0:0->80', '0.0.0.0:0->80', false],
  [ONE, '::1:1->80', true],
  ['::1:1->80', '127.0.0.1:1->80', false],
] as const)
  test(`${a} and ${b} ${expected ? 'are in the way of each other' : 'go together'}`, () => {
    assert.equal(clash(port(a), port(b)), expected);
    if (expected) assert.throws(() => checkApart([port(a), port(b)]), { code: 'PORT_IN_USE' });
    else checkApart([port(a), port(b)]);
  });

test('all of IPv6 beside all of IPv4 is fine where both lead to the same place', () => {
  checkApart([port(ONE), port(':::1->80')]);
  assert.throws(() => checkApart([port(ONE), port(':::1->81')]), { code: 'PORT_IN_USE' });
});
