import { test } from 'node:test';
import { checkRows } from '../kinds/testkit/rules.ts';

const plain = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'p' } };
const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' };

test('metadata: names, owners and finalizers', () => {
  checkRows(plain, [
    ['metadata', {}, 'metadata.name: Required value: name or generateName is required'],
    ['metadata', { generateName: 'a-' }],
    ['metadata', { generateName: 'A-' }, 'metadata.generateName: Invalid value: "Aa": a lowercase RFC 1123 subdomain…'],
    ['metadata.ownerReferences', [owner]],
    ['metadata.ownerReferences', [{ ...owner, uid: '' }], 'metadata.ownerReferences.uid: Invalid value: "": must not be empty'],
    ['metadata.ownerReferences', [{ ...owner, apiVersion: 'apps/' }], 'metadata.ownerReferences.apiVersion: Invalid value: "apps/": version must not be empty'],
    ['metadata.ownerReferences', [{ ...owner, apiVersion: 'a/b/c' }], 'metadata.ownerReferences.apiVersion: Invalid value: "a/b/c": version must not be empty'],
    ['metadata.generation', -1, 'metadata.generation: Invalid value: -1: must be greater than or equal to 0'],
    ['metadata.labels', { a: 'x'.repeat(64) }, `metadata.labels: Invalid value: "${'x'.repeat(64)}": must be no more than 63 bytes`],
    ['metadata.finalizers', ['example.com/a']],
    ['metadata.finalizers', ['kubernetes', 'orphan']],
    ['metadata.finalizers', ['mine'], 'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'],
    ['metadata.finalizers', ['a b'], 'metadata.finalizers: Invalid value: "a b": name part must consist of…'],
    [
      'metadata.finalizers',
      ['orphan', 'foregroundDeletion'],
      'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
    ],
    ['metadata.annotations', { 'a b': '' }, 'metadata.annotations: Invalid value: "a b": name part must consist of…'],
  ]);
});
