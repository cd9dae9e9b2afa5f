import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portFindings } from './port.ts';
import type { PortFacts, Target, Way } from './types.ts';

const HELD = { address: '0.0.0.0', port: 8080, pid: 1, program: 'gantry' };
const NGINX = { address: '0.0.0.0', port: 80, pid: 9, program: 'nginx' };
const WEB = { name: 'web', title: 'container web', status: 'running' };
const POD = { name: 'k8s', title: 'pod a/b', status: 'exited', exitCode: 1, pod: { namespace: 'a', name: 'b' } };
const BRIDGE = { name: 'br0', internal: false, state: 'up' } as const;
const TARGET: Target = { address: '10.88.0.2', port: 80, bridge: BRIDGE, container: WEB, hasAddress: true, inside: [NGINX] };
const WAY: Way = { kind: 'published', address: '0.0.0.0', port: 8080, rule: 'the rule', targets: [TARGET] };
const FACTS: PortFacts = {
  port: 8080,
  protocol: 'tcp',
  daemon: 1,
  listeners: [HELD],
  ways: [WAY],
  dormant: [],
  unpublished: [],
  forwarding: true,
  forwardDrops: [],
};
const at = (part: Partial<Target>): Partial<PortFacts> => ({ ways: [{ ...WAY, targets: [{ ...TARGET, ...part }] }] });
const service = (part: Partial<Way>): Partial<PortFacts> => ({ listeners: [], ways: [{ ...WAY, kind: 'cluster ip', address: '10.43.0.1', ...part }] });

/** Undefined: nothing stops it. Else the step at which it stops first, and the words that are said there. */
const CASES: readonly (readonly [string, Partial<PortFacts>, string | undefined, RegExp])[] = [
  ['all is well', {}, undefined, /./],
  ['nobody', { listeners: [], ways: [] }, 'this machine', /no program listens on 8080\/tcp, and nothing is published/],
  ['no daemon', { daemon: undefined, listeners: [], ways: [] }, 'this machine', /no program listens/],
  ["another's port", { listeners: [{ ...HELD, pid: 5, program: 'x' }], ways: [] }, undefined, /./],
  [
    "another's port that is published too",
    { listeners: [{ ...HELD, pid: 5, program: 'x' }] },
    'this machine',
    /x \(process 5\) listens on 8080\/tcp, which a container/,
  ],
  ['a listener that is not seen', { listeners: [{ address: '0.0.0.0', port: 8080 }] }, 'this machine', /this user may not see/],
  ['a port that is not held', { listeners: [] }, undefined, /./],
  ['no rule', { ways: [{ ...WAY, rule: undefined }] }, 'rule', /has no rule for published 0\.0\.0\.0:8080/],
  ['a stopped container', at({ container: { ...WEB, status: 'exited' } }), '10.88.0.2:80', /container web is exited/],
  ['the address is gone', at({ hasAddress: false }), 'bridge br0', /does not have the address 10\.88\.0\.2 any more/],
  ['the bridge is down', at({ bridge: { ...BRIDGE, state: 'down' } }), 'bridge br0', /is down/],
  ['the bridge is gone', at({ bridge: { ...BRIDGE, state: 'absent' } }), 'bridge br0', /is gone/],
  ['nothing listens inside', at({ inside: [] }), 'inside', /no process listens on 80\/tcp; nothing listens for tcp in there/],
  ['another port inside', at({ inside: [{ ...NGINX, port: 81 }] }), 'inside', /what listens in there: 0\.0\.0\.0:81 \(nginx\)/],
  ['loopback only', at({ inside: [{ ...NGINX, address: '127.0.0.1' }] }), 'inside', /on 127\.0\.0\.1:80 only/],
  ['loopback of IPv6 only', at({ inside: [{ ...NGINX, address: '::1' }] }), 'inside', /on \[::1\]:80 only/],
  ['loopback and everywhere', at({ inside: [{ ...NGINX, address: '127.0.0.1' }, NGINX] }), undefined, /./],
  ['another address', at({ inside: [{ ...NGINX, address: '10.89.0.2' }] }), 'inside', /which is not 10\.88\.0\.2/],
  ['elsewhere', at({ container: undefined as never }), undefined, /./],
  ['a Service', service({}), undefined, /./],
  ['a Service without Pods', service({ targets: [] }), 'cluster ip 10.43.0.1:8080', /no ready Pod/],
  ['a container that would publish it', { listeners: [], ways: [], dormant: [{ ...WEB, status: 'exited', exitCode: 1 }] }, 'this machine', /no program/],
  ['forwarding is off', { forwarding: false }, 'forwarding', /ip_forward is off/],
  ['a foreign drop', { forwardDrops: [{ table: 'ip filter', chain: 'FORWARD', accepts: false }] }, 'firewall', /table "ip filter", which is not Gantry's/],
  ['a foreign drop that lets it through', { forwardDrops: [{ table: 'ip filter', chain: 'FORWARD', accepts: true }] }, undefined, /./],
];

for (const [what, part, step, words] of CASES)
  test(`why port: ${what}`, () => {
    const stopped = portFindings({ ...FACTS, ...part }).find(({ ok }) => !ok);
    assert.equal(stopped?.step, step);
    assert.match(stopped?.detail ?? 'ok', words);
  });

test('why port: what to do names the container or the Pod', () => {
  const advice = (part: Partial<PortFacts>) => portFindings({ ...FACTS, ...part }).flatMap((finding) => finding.advice ?? []);
  const alone = { listeners: [], ways: [] };
  assert.deepEqual(advice({ ...alone, unpublished: [WEB] }), ['Publish it with "gantry container port add web 8080:8080"']);
  assert.deepEqual(advice({ ...alone, protocol: 'udp', unpublished: [WEB] }), ['Publish it with "gantry container port add web 8080:8080/udp"']);
  assert.match(advice({ ...alone, unpublished: [POD] })[0] ?? '', /kubectl port-forward -n a pod\/b 8080/);
  assert.deepEqual(advice(at({ container: POD })), ['"gantry why pod b -n a" tells why']);
  assert.deepEqual(advice({ ...alone, dormant: [WEB] }), ['"gantry why container web" tells why; "docker start web" starts it']);
});
