import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bindings, type PortState, withoutPorts, withPorts } from './port-edit.ts';
import { publishedPorts } from './ports.ts';

const at = (HostPort: string, HostIp = '') => ({ HostIp, HostPort });
const asked = (bindings: Bindings, real: Bindings = {}): PortState => ({ asked: bindings, real });

for (const [what, state, texts, expected] of [
  ['the first port', asked({}), ['8080:80'], { '80/tcp': [at('8080')] }],
  [
    'beside others',
    asked({ '80/tcp': [at('8080')] }),
    ['127.0.0.1:8081:80', '53:53/udp'],
    { '80/tcp': [at('8080'), at('8081', '127.0.0.1')], '53/udp': [at('53')] },
  ],
  ['one that the machine chooses', asked({ '80/tcp': null }), ['80'], { '80/tcp': [at('')] }],
  ['what is there', asked({ '80/tcp': [at('8080', '0.0.0.0')] }), ['8080:80'], /Cannot add port 0\.0\.0\.0:8080:80\/tcp: it is published already/],
] as const)
  test(`adding ${what}`, () => check(() => withPorts(state, publishedPorts(texts).bindings), expected));

for (const [what, state, texts, expected] of [
  ['the only one', asked({ '80/tcp': [at('8080')] }), ['8080:80'], {}],
  ['one of several', asked({ '80/tcp': [at('8080'), at('8081')], '90/tcp': [at('9')] }), ['8080:80'], { '80/tcp': [at('8081')], '90/tcp': [at('9')] }],
  ['all places of a port', asked({ '80/tcp': [at('8080'), at('8081')], '90/tcp': [at('9')] }), ['80'], { '90/tcp': [at('9')] }],
  [
    'one that the machine chose, and the other stays where it is',
    asked({ '80/tcp': [at(''), at('')] }, { '80/tcp': [at('40000', '0.0.0.0'), at('40001', '0.0.0.0')] }),
    ['40000:80'],
    { '80/tcp': [at('40001', '0.0.0.0')] },
  ],
  ['what is not there', asked({}), ['8080:80'], /Cannot remove port .*8080:80\/tcp: 80\/tcp is not published/],
  ['another place', asked({ '80/tcp': [at('8080')] }), ['8081:80'], /it is published as 0\.0\.0\.0:8080:80\/tcp/],
  ['what -P brought', asked({}, { '80/tcp': [at('40000', '0.0.0.0')] }), ['40000:80'], /all exposed ports are published/],
] as const)
  test(`removing ${what}`, () => check(() => withoutPorts(state, publishedPorts(texts).bindings), expected));

function check(act: () => Bindings, expected: Bindings | RegExp): void {
  if (expected instanceof RegExp) assert.throws(act, expected);
  else assert.deepEqual(act(), expected);
}
