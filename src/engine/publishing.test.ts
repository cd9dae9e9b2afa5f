import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portsOf, portsRecorded, portsWanted, withChosenPorts } from './publishing.ts';

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

test('where ports lead to in a network of both families', () => {
  const record = {
    // A cast because tests need no real id.
    id: 'a' as never,
    exposed: ['90/tcp'],
    spec: {
      owner: { kind: 'docker' },
      image: 'x',
      network: { kind: 'none' },
      publishAll: true,
      publish: [
        { containerPort: 80, protocol: 'tcp', hostPort: 8080 },
        { containerPort: 80, protocol: 'tcp', hostPort: 8081, hostAddress: '::1' },
        { containerPort: 80, protocol: 'tcp', hostPort: 8082, hostAddress: '127.0.0.1' },
      ],
    },
  } as const;
  const shown = (target: Parameters<typeof portsWanted>[1]) =>
    portsWanted(record, target).map((port) => `${port.hostAddress}:${port.hostPort} ${port.targetAddress} ${port.targetAddress6 ?? '-'}`);
  const both = { address: '10.0.0.2', ipv6: { address: 'fd00::2' } };
  assert.deepEqual(shown(both), ['0.0.0.0:8080 10.0.0.2 fd00::2', '::1:8081 fd00::2 -', '127.0.0.1:8082 10.0.0.2 -', '0.0.0.0:0 10.0.0.2 fd00::2']);
  assert.deepEqual(shown({ address: '10.0.0.2', hostBinding: '192.0.2.1' }), [
    '192.0.2.1:8080 10.0.0.2 -',
    '::1:8081 10.0.0.2 -',
    '127.0.0.1:8082 10.0.0.2 -',
    '192.0.2.1:0 10.0.0.2 -',
  ]);
  const ports = portsOf(record, portsWanted(record, both));
  assert.deepEqual(portsRecorded({ id: record.id, ports }, both), portsWanted(record, both));
});
