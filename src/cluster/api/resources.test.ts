import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findResource, SERVED_RESOURCES, warningsOf } from './index.ts';
import { FAMILIES } from './kinds/index.ts';
import { NOT_ACTED_ON } from './kinds/not-acted-on.ts';

/** What Kubernetes 1.36 serves: a row per resource and version. */
const [, ...ROWS] = readFileSync(new URL('facts/resources.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');
/** Served without being stored: by the API server itself. */
const VIRTUAL = new Set(['bindings', 'componentstatuses', 'localsubjectaccessreviews', 'selfsubjectaccessreviews', 'selfsubjectreviews']);
for (const name of ['selfsubjectrulesreviews', 'subjectaccessreviews', 'tokenreviews']) VIRTUAL.add(name);
const words = (text = '') => (text === '' ? [] : text.split(',').sort());

test('every stored resource of Kubernetes is served: scope, verbs, short names, categories, subresources', () => {
  let seen = 0;
  for (const row of ROWS) {
    const [group = '', version = '', resource = '', kind, namespaced, verbs, subresources = '', short, categories] = row.split('\t');
    if (VIRTUAL.has(resource)) continue;
    const served = findResource({ group: group === 'core' ? '' : group, version, resource });
    assert.ok(served, row);
    seen += 1;
    const shown = {
      kind: served.kind,
      namespaced: served.namespaced,
      verbs: served.verbs.filter((verb) => verb !== 'watch').sort(),
      shortNames: [...served.shortNames].sort(),
    };
    assert.deepEqual(shown, { kind, namespaced: namespaced === 'yes', verbs: words(verbs), shortNames: wantedShort(resource, short) }, row);
    assert.deepEqual([...served.categories].sort(), wantedCategories(group, categories), row);
    const known = [...subresources.split(';').map((one) => one.split(':')[0]), ...(resource === 'pods' ? ['why'] : [])];
    for (const one of served.subresources) assert.ok(known.includes(one), `${row}: ${one}`);
  }
  assert.equal(seen, 87);
});

/** The list was read off the sources of Kubernetes' own registries: what other repositories say of theirs it lacks. */
function wantedShort(resource: string, text: string | undefined): string[] {
  if (resource === 'customresourcedefinitions') return ['crd', 'crds'];
  return resource === 'events' ? ['ev'] : words(text);
}
function wantedCategories(group: string, text: string | undefined): string[] {
  return group === 'apiextensions.k8s.io' || group === 'apiregistration.k8s.io' ? ['api-extensions'] : words(text);
}

test('no kind is in two families: the later one would silently take its place', () => {
  const models = FAMILIES.flatMap((family) => Object.keys(family));
  assert.deepEqual(
    models.filter((model, index) => models.indexOf(model) !== index),
    [],
  );
});

test('whoever writes what nothing acts on is told so, when it is made', () => {
  const policies = findResource({ group: 'networking.k8s.io', version: 'v1', resource: 'networkpolicies' });
  const pods = findResource({ group: '', version: 'v1', resource: 'pods' });
  assert.ok(policies && pods);
  const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'closed' }, spec: { podSelector: {} } };
  assert.match(warningsOf(policies, policy).join(), /does not enforce it yet/);
  assert.deepEqual(warningsOf(policies, policy, policy), []);
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ name: 'main', image: 'a' }] } };
  assert.deepEqual(warningsOf(pods, pod, pod, 'resize'), []);
  assert.deepEqual(warningsOf(pods, pod, pod, 'status'), []);
  for (const model of Object.keys(NOT_ACTED_ON))
    assert.ok(
      SERVED_RESOURCES.some((resource) => resource.model === model),
      model,
    );
});
