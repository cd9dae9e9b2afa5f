import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { V1Pod, V1Service } from '#cluster/api';
import { environmentOf, visibleServices } from './environment.ts';
import { expand } from './expand.ts';
import type { PodFacts } from './fields.ts';
import { hostsFile, parseResolvConf, resolvConf } from './host-files.ts';
import { securityOf } from './security.ts';

const pod: V1Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-0', namespace: 'shop', uid: 'u', labels: { app: 'web' } },
  spec: { containers: [] },
};
const facts: PodFacts = {
  pod,
  podAddress: '10.0.0.2',
  nodeName: 'node-a',
  nodeAddress: '192.0.2.1',
  capacity: { cpu_millicores: 2000, memory_bytes: 2 ** 30 },
};
const service = (namespace: string, name: string, clusterIP: string): V1Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: { clusterIP, ports: [{ name: 'http', port: 80 }] },
});

suite('what a process finds', () => {
  test('$(NAME)', () => {
    const check = (text: string, expected: string) => assert.equal(expand(text, new Map([['A', '1']])), expected);
    check('$(A)-$(A)', '1-1');
    check('$$(A)', '$(A)');
    check('$(B) $A $', '$(B) $A $');
  });

  test('variables: Services, then envFrom, then env; later ones win', async () => {
    const container = {
      name: 'main',
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'settings' } }],
      env: [
        { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'LABEL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'KEY', valueFrom: { secretKeyRef: { name: 'secret', key: 'k' } } },
        { name: 'NONE', valueFrom: { secretKeyRef: { name: 'secret', key: 'none', optional: true } } },
        { name: 'ALL', value: '$(POD):$(P_x):$(CART_SERVICE_HOST)' },
      ],
    };
    const sources = {
      configMap: async () => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data: { x: '1' } }),
      secret: async () => ({ apiVersion: 'v1', kind: 'Secret', metadata: {}, data: { k: Buffer.from('s').toString('base64') } }),
      token: () => Promise.reject(new Error('no container asks for a token by its environment')),
    };
    const variables = await environmentOf(facts, container, [service('shop', 'cart', '10.96.0.9')], sources);
    assert.deepEqual(
      ['POD', 'LABEL', 'CPU', 'KEY', 'NONE', 'ALL', 'CART_SERVICE_PORT_HTTP', 'CART_PORT_80_TCP_ADDR'].map((name) => variables.get(name)),
      ['web-0', 'web', '2', 's', undefined, 'web-0:1:10.96.0.9', '80', '10.96.0.9'],
    );
  });

  test('which Services a Pod hears of', () => {
    const all = [service('default', 'kubernetes', '10.96.0.1'), service('shop', 'cart', '10.96.0.9'), service('other', 'x', '10.96.0.3')];
    assert.deepEqual(
      visibleServices(all, 'shop', true).map(({ metadata }) => metadata.name),
      ['kubernetes', 'cart'],
    );
    assert.deepEqual(
      visibleServices(all, 'shop', false).map(({ metadata }) => metadata.name),
      ['kubernetes'],
    );
  });

  test('resolv.conf by policy', () => {
    const machine = parseResolvConf('# x\nsearch example.org\nnameserver 127.0.0.53\nnameserver 192.0.2.53\noptions edns0\n');
    const cluster = { servers: ['10.96.0.10'], clusterDomain: 'cluster.local' };
    const check = (spec: object, expected: string) => assert.equal(resolvConf({ ...pod, spec: { containers: [], ...spec } }, cluster, machine), expected);
    check({}, 'search shop.svc.cluster.local svc.cluster.local cluster.local example.org\nnameserver 10.96.0.10\noptions ndots:5\n');
    check({ dnsPolicy: 'Default' }, 'search example.org\nnameserver 192.0.2.53\noptions edns0\n');
    check(
      { dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.1'], searches: ['a.b'], options: [{ name: 'ndots', value: '2' }] } },
      'search a.b\nnameserver 192.0.2.1\noptions ndots:2\n',
    );
    check({ hostNetwork: true }, 'search example.org\nnameserver 127.0.0.53\nnameserver 192.0.2.53\noptions edns0\n');
  });

  test('hosts', () => {
    const named = { ...pod, spec: { containers: [], subdomain: 'db', hostAliases: [{ ip: '192.0.2.7', hostnames: ['x', 'y'] }] } };
    assert.match(
      hostsFile(named, '10.0.0.2', 'web-0', 'cluster.local', ''),
      /\n10\.0\.0\.2\tweb-0\.db\.shop\.svc\.cluster\.local\tweb-0\n\n# Entries added by HostAliases\.\n192\.0\.2\.7\tx\ty\n$/,
    );
  });

  test('security', () => {
    const check = (own: object, podLevel: object, user: string) =>
      securityOf({ containers: [], securityContext: podLevel }, { name: 'main', securityContext: own }, user);
    assert.deepEqual(check({}, {}, ''), { privileged: false, readOnlyRoot: false, noNewPrivileges: false, seccomp: 'default' });
    assert.equal(check({ runAsUser: 5 }, { runAsUser: 7, runAsGroup: 8 }, '').user, '5:8');
    assert.equal(check({}, { runAsGroup: 8 }, 'www:www').user, 'www:8');
    assert.equal(check({ seccompProfile: { type: 'Unconfined' } }, {}, '').seccomp, 'unconfined');
    assert.throws(() => check({ runAsNonRoot: true }, {}, ''), /image will run as root/);
    assert.throws(() => check({}, { runAsNonRoot: true }, 'www'), /non-numeric user \(www\)/);
    assert.equal(check({ runAsNonRoot: true }, {}, '1000').user, undefined);
  });
});
