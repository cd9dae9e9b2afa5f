import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { apiVersionOf, decode, SERVED_RESOURCES, type ServedResource } from '../index.ts';

/** A folder of objects with every field filled (`apps.v1.Deployment.json`, …), as the repository kubernetes/api keeps them in testdata/HEAD. */
const GOLDEN_DIR = process.env.GANTRY_TEST_GOLDEN_OBJECTS;
/** Kinds whose types lie in other repositories have no file there. */
const ELSEWHERE = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io']);
const OWN_DIR = new URL('golden/', import.meta.url);
/** Our own objects: each kind once, with most of its fields. */
const OWN = new Map(
  readdirSync(OWN_DIR)
    .flatMap((file) => parseAllDocuments(readFileSync(new URL(file, OWN_DIR), 'utf8')))
    .map((document) => document.toJS())
    .map((object) => [`${object.apiVersion} ${object.kind}`, object]),
);

function goldenOf(resource: ServedResource): unknown {
  if (GOLDEN_DIR === undefined || ELSEWHERE.has(resource.group)) return OWN.get(`${apiVersionOf(resource)} ${resource.kind}`);
  const name = `${resource.group || 'core'}.${resource.version}.${resource.kind}.json`;
  return JSON.parse(readFileSync(join(GOLDEN_DIR, name), 'utf8'));
}

for (const resource of SERVED_RESOURCES) {
  const golden = goldenOf(resource);
  if (golden === undefined) continue;
  test(`an object of ${apiVersionOf(resource)} ${resource.kind} with its fields filled is taken unchanged by a strict request`, () => {
    assert.deepEqual(decode(resource, golden, { fieldValidation: 'Strict' }).object, golden);
  });
}
