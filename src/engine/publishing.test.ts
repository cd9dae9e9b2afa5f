import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withChosenPorts } from './publishing.ts';

const wish = (hostPort: number, targetPort = 80, hostAddress = '0.0.0.0') =>
  ({ owner: 'a', protocol: 'tcp', hostAddress, hostPort, targetAddress: '10.88.0.2', targetPort }) as const;
const had = (hostPort: number, containerPort = 80, hostAddress = '0.0.0.0') => ({ containerPort, protocol: 'tcp', hostAddress, hostPort }) as const;

for (const [what, wanted, before, expected] of [
  ['what was chosen stays', [wish(0)], [had(40_000)], [40_000]],
  ['each wish has its own', [wish(0), wish(0)], [had(40_000), had(40_001)], [40_000, 40_001]],
  ['one more is to be chosen', [wish(0), wish(0)], [had(40_000)], [40_000, 0]],
  ['what is named is not taken for a choice', [wish(8080), wish(0)], [had(8080)], [8080, 0]],
  ["another port's choice", [wish(0, 81)], [had(40_000)], [0]],
  ["another address's choice", [wish(0, 80, '127.0.0.1')], [had(40_000)], [0]],
  ['a port that was only exposed', [wish(0)], [{ containerPort: 80, protocol: 'tcp' }], [0]],
] as const)
  test(`ports that the machine chose: ${what}`, () => {
    assert.deepEqual(
      withChosenPorts(wanted, before).map(({ hostPort }) => hostPort),
      expected,
    );
  });
