import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { apiVersionOf, decode, type KubeObject, SERVED_RESOURCES, type ServedResource } from '#cluster/api';
import { findServed } from '../kinds.ts';
import { convert } from './convert.ts';

/** As the test of the schemas reads them. */
const GOLDEN_DIR = process.env.GANTRY_TEST_GOLDEN_OBJECTS;
const OWN_DIR = new URL('../../api/schema/golden/', import.meta.url);
const OWN = readdirSync(OWN_DIR)
  .flatMap((file) => parseAllDocuments(readFileSync(new URL(file, OWN_DIR), 'utf8')))
  // The test of the schemas reads them strictly.
  .map((document) => document.toJS() as KubeObject);

function goldenOf(resource: ServedResource): KubeObject | undefined {
  if (GOLDEN_DIR === undefined) return OWN.find(({ apiVersion, kind }) => apiVersion === apiVersionOf(resource) && kind === resource.kind);
  return JSON.parse(readFileSync(join(GOLDEN_DIR, `${resource.group || 'core'}.${resource.version}.${resource.kind}.json`), 'utf8'));
}

const several = SERVED_RESOURCES.filter((resource) => {
  const served = findServed(resource);
  return served !== undefined && served.storage !== resource;
});

test('there are resources of several versions', () => assert.ok(several.length >= 20));

for (const resource of several) {
  const stored = findServed(resource)?.storage ?? resource;
  const [here, there] = [apiVersionOf(resource), apiVersionOf(stored)];
  // The two versions of an autoscaler and of an Event keep things in other places: tests of their own look at them.
  if (resource.kind === 'HorizontalPodAutoscaler' || resource.kind === 'Event') continue;
  test(`${resource.kind}: from ${here} to ${there} and back nothing is lost, and each is what its model says`, () => {
    const one = goldenOf(resource);
    const other = goldenOf(stored);
    assert.ok(one ?? other, 'a golden object');
    if (one !== undefined) {
      const kept = convert(one, there);
      assert.deepEqual(decode(stored, kept, { fieldValidation: 'Strict' }).object, kept);
      assert.deepEqual(convert(kept, here), one);
    }
    if (other !== undefined) {
      const shown = convert(other, here);
      assert.deepEqual(decode(resource, shown, { fieldValidation: 'Strict' }).object, shown);
      assert.deepEqual(convert(shown, there), other);
    }
  });
}

test('an object whose spec is not there yet is converted all the same', () => {
  for (const kind of ['ResourceClaim', 'ResourceClaimTemplate', 'ResourceSlice']) {
    const bare = { apiVersion: 'resource.k8s.io/v1beta1', kind, metadata: { name: 'x' } };
    const kept = convert(bare, 'resource.k8s.io/v1');
    assert.deepEqual(convert(kept, 'resource.k8s.io/v1beta1'), bare);
  }
});
