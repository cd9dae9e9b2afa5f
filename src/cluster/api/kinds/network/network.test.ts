import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyDefaults, type KubeObject, prepareForUpdate, toTable, type V1EndpointSlice, type V1Service, warningsOf } from '../../index.ts';
import { checkRows, createErrors, golden, resourceOf, set, statusErrors, updateErrors } from '../testkit/rules.ts';

const plain = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } };

test('a Service: the rules of a create', () => {
  checkRows(plain, [
    ['metadata.name', '1st'],
    ['metadata.name', 'a.b', 'metadata.name: Invalid value: "a.b": must not contain dots'],
    ['spec.ports', undefined, 'spec.ports: Required value'],
    ['spec.type', 'Ingress', 'spec.type: Unsupported value: "Ingress": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
    ['spec.ports.0.nodePort', 30000, "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ['spec.ports.0.protocol', 'ICMP', 'spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'],
    ['spec.ports.0.port', 0, 'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive'],
    ['spec.ports.0.targetPort', '-a', 'spec.ports[0].targetPort: Invalid value: "-a": must not begin or end with a hyphen'],
    ['spec.ports.0.appProtocol', 'a/b/c', 'spec.ports[0].appProtocol: Invalid value: "a/b/c": a valid label key must consist…'],
    ['spec.ports.1', { port: 81 }, 'spec.ports[0].name: Required value'],
    ['spec.sessionAffinity', 'Cookie', 'spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"'],
    ['spec.clusterIPs', ['10.96.0.5'], 'spec.clusterIPs: Invalid value: ["10.96.0.5"]: must be empty when `clusterIP` is not specified'],
    ['spec.ipFamilies', ['IPv5'], 'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"'],
    ['spec.ipFamilies', ['IPv4', 'IPv4'], 'spec.ipFamilies[1]: Duplicate value: "IPv4"'],
    ['spec.externalIPs', ['127.0.0.1'], 'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ['spec.externalIPs', ['010.0.0.1'], 'spec.externalIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s'],
    ['spec.externalTrafficPolicy', 'Local', 'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    ['spec.loadBalancerSourceRanges', ['10.0.0.0/8'], "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
    ['spec.loadBalancerClass', 'x', "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"],
    [
      'spec.trafficDistribution',
      'Near',
      'spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
    ],
    ['spec.internalTrafficPolicy', 'Near', 'spec.internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"'],
    ['spec', { type: 'ExternalName' }, 'spec.externalName: Required value'],
    ['spec', { type: 'ExternalName', externalName: 'a.example.com.' }],
    ['spec', { clusterIP: 'None', clusterIPs: ['None'] }],
    [
      'spec',
      { type: 'NodePort', clusterIP: 'None', clusterIPs: ['None'] },
      `spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`,
    ],
  ]);
});

test('a Service: what an update keeps, and what its former type leaves behind', () => {
  const one = set(set(plain, 'spec.clusterIP', '10.96.0.5'), 'spec.clusterIPs', ['10.96.0.5']);
  const other = set(set(plain, 'spec.clusterIP', '10.96.0.6'), 'spec.clusterIPs', ['10.96.0.6']);
  assert.deepEqual(updateErrors(one, other), ['spec.clusterIPs[0]: Invalid value: ["10.96.0.6"]: may not change once set']);
  const balancer = golden('v1 Service');
  const reclassed = set(balancer, 'spec.loadBalancerClass', 'example.com/other');
  assert.deepEqual(updateErrors(balancer, reclassed), ['spec.loadBalancerClass: Invalid value: "example.com/other": may not change once set']);
  const service = resourceOf(balancer);
  const before = applyDefaults(service, balancer);
  // A Service's golden object is one.
  const { spec, status } = prepareForUpdate(service, set(before, 'spec.type', 'ClusterIP'), before) as V1Service;
  assert.deepEqual([spec?.healthCheckNodePort, spec?.loadBalancerClass, spec?.allocateLoadBalancerNodePorts], [undefined, undefined, undefined]);
  assert.deepEqual(
    spec?.ports?.map(({ nodePort }) => nodePort),
    [undefined, undefined],
  );
  assert.deepEqual(status?.loadBalancer, {});
});

test("a Service's status: only a balancer has addresses of one", () => {
  const entry = set(plain, 'status.loadBalancer.ingress', [{ ip: '1.2.3.4' }]);
  assert.deepEqual(statusErrors(plain, entry), ["status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"]);
  checkRows(
    golden('v1 Service'),
    [
      [
        'status.loadBalancer.ingress',
        [{ ip: '1.2.3' }],
        'status.loadBalancer.ingress[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
      [
        'status.loadBalancer.ingress',
        [{ hostname: '1.2.3.4' }],
        'status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
      ],
      [
        'status.loadBalancer.ingress',
        [{ hostname: 'a', ipMode: 'VIP' }],
        'status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is not set',
      ],
    ],
    (object) => statusErrors(golden('v1 Service'), object),
  );
});

test('Endpoints and EndpointSlices', () => {
  checkRows(golden('v1 Endpoints'), [
    [
      'subsets.0.addresses',
      [{ ip: 'fe80::1' }],
      'subsets[0].addresses[0].ip: Invalid value: "fe80::1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    ],
    ['subsets', [{ ports: [{ port: 1 }] }], 'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`'],
  ]);
  const slice = golden('discovery.k8s.io/v1 EndpointSlice');
  checkRows(slice, [
    ['addressType', undefined, 'addressType: Required value'],
    ['addressType', 'IPv6', 'endpoints[0].addresses: Invalid value: "10.1.0.4": must be an IPv6 address'],
    ['endpoints.0.addresses', [], 'endpoints[0].addresses: Required value: must contain at least 1 address'],
    ['ports.1', { name: 'http' }, 'ports[1].name: Duplicate value: "http"'],
  ]);
  assert.deepEqual(updateErrors(slice, set(slice, 'addressType', 'FQDN')), ['addressType: Invalid value: "FQDN": field is immutable']);
  const resource = resourceOf(slice);
  // Decoded as a slice.
  const relabelled = prepareForUpdate(resource, set(slice, 'metadata.labels', { a: 'b' }), set(slice, 'metadata.generation', 3)) as V1EndpointSlice;
  assert.equal(relabelled.metadata.generation, 4);
});

test('Ingresses', () => {
  const ingress = golden('networking.k8s.io/v1 Ingress');
  checkRows(ingress, [
    ['spec', {}, 'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
    ['spec.rules.0.host', '1.2.3.4', 'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
    ['spec.rules.0.host', '*', 'spec.rules[0].host: Invalid value: "*": a wildcard DNS-1123 subdomain must start…'],
    ['spec.rules.0.http.paths.0.path', 'a', 'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path'],
    ['spec.rules.0.http.paths.0.path', '/a/../b', 'spec.rules[0].http.paths[0].path: Invalid value: "/a/../b": must not contain \'/../\''],
    [
      'spec.rules.0.http.paths.0.pathType',
      'Regex',
      'spec.rules[0].http.paths[0].pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"',
    ],
    ['spec.rules.0.http.paths.0.backend', {}, 'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required'],
    ['spec.defaultBackend.service.port', {}, 'spec.defaultBackend: Required value: port name or number is required'],
    ['spec.defaultBackend.service.port.name', 'x', 'spec.defaultBackend: Invalid value: "": cannot set both port name & port number'],
    [
      'metadata.annotations',
      { 'kubernetes.io/ingress.class': 'x' },
      'annotations.kubernetes.io/ingress.class: Invalid value: "x": must match `ingressClassName` when both are specified',
    ],
  ]);
  const annotated = set(set(ingress, 'spec.ingressClassName', undefined), 'metadata.annotations', { 'kubernetes.io/ingress.class': 'x' });
  assert.deepEqual(createErrors(annotated), []);
  assert.match(warningsOf(resourceOf(ingress), annotated)[0] ?? '', /is deprecated, please use 'spec.ingressClassName' instead/);
  const ingressClass = golden('networking.k8s.io/v1 IngressClass');
  checkRows(ingressClass, [
    ['spec.controller', 'nginx', 'spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")'],
    ['spec.parameters.namespace', undefined, "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ['spec.parameters.scope', 'Cluster', "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
  ]);
  const table = toTable(resourceOf(ingressClass), [ingressClass], { now_ms: 0, includeObject: 'None' });
  assert.deepEqual(table.rows[0]?.cells.slice(0, 3), ['nginx (default)', 'example.com/ingress', 'Settings.example.com/nginx']);
});

test('NetworkPolicies', () => {
  const policy = golden('networking.k8s.io/v1 NetworkPolicy');
  checkRows(policy, [
    ['spec.ingress.0.ports.0.endPort', 7, 'spec.ingress[0].ports[0].endPort: Invalid value: 8000: must be greater than or equal to `port`'],
    ['spec.ingress.0.from.1.podSelector', {}, 'spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer'],
    ['spec.ingress.0.from.1', {}, 'spec.ingress[0].from[1]: Required value: must specify a peer'],
    [
      'spec.ingress.0.from.1.ipBlock.except',
      ['11.0.0.0/16'],
      'spec.ingress[0].from[1].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
    ],
    [
      'spec.ingress.0.from.1.ipBlock.cidr',
      '10.0.0.1/8',
      'spec.ingress[0].from[1].ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
    ],
    ['spec.policyTypes', ['Both'], 'spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress"'],
    [
      'spec.podSelector.matchExpressions.0.values',
      [],
      "spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ],
  ]);
});

test('addresses and ranges of Services', () => {
  const address = golden('networking.k8s.io/v1 IPAddress');
  checkRows(address, [
    ['metadata.name', '2001:DB8::1', 'metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")'],
    ['spec.parentRef', undefined, 'spec.parentRef: Required value'],
  ]);
  const range = golden('networking.k8s.io/v1 ServiceCIDR');
  checkRows(range, [
    ['spec.cidrs', [], 'spec.cidrs: Required value: at least one CIDR required'],
    [
      'spec.cidrs',
      ['10.0.0.0/8', '11.0.0.0/8'],
      'spec.cidrs: Invalid value: ["10.0.0.0/8","11.0.0.0/8"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ],
  ]);
  assert.deepEqual(updateErrors(range, set(range, 'spec.cidrs', ['10.97.0.0/16'])), ['spec.cidrs: Invalid value: ["10.97.0.0/16"]: field is immutable']);
});

test('a Service: what its writer is told', () => {
  const told = (spec: object, annotations = {}) => {
    const service = { ...plain, metadata: { name: 's', annotations }, spec: { ...plain.spec, type: 'ClusterIP', ...spec } };
    return warningsOf(resourceOf(service), service);
  };
  assert.deepEqual(told({}), []);
  assert.deepEqual(told({ externalIPs: ['192.0.2.1'] }), ['spec.externalIPs is deprecated and may no longer be implemented in some clusters']);
  assert.deepEqual(told({ clusterIP: 'None', clusterIPs: ['None'], externalIPs: ['192.0.2.1'], loadBalancerIP: '192.0.2.9', sessionAffinity: 'ClientIP' }), [
    'spec.loadBalancerIP is ignored for headless services',
    'spec.externalIPs is ignored for headless services',
    'spec.SessionAffinity is ignored for headless services',
  ]);
  assert.deepEqual(told({ externalName: 'a.example', trafficDistribution: 'PreferClose' }), [
    'spec.externalName is ignored when spec.type is not "ExternalName"',
    'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
  ]);
  assert.match(told({ loadBalancerIP: '2001:DB8::1' })[0] ?? '', /^spec\.loadBalancerIP: IPv6 address "2001:DB8::1" should be in RFC 5952/);
  assert.match(told({}, { 'service.kubernetes.io/topology-aware-hints': 'Auto' })[0] ?? '', /is deprecated, please use service\.kubernetes\.io\/topology-mode/);
});

test('a Service has a place for its load balancer whatever is said of its status', () => {
  const base = golden('v1 Service');
  const { status: _, ...bare } = base as KubeObject & { status?: unknown };
  const changed = prepareForUpdate(resourceOf(base), bare, base, 'status') as KubeObject & { status?: unknown };
  assert.deepEqual(changed.status, { loadBalancer: {} });
});
