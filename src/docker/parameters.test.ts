import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** Parameters that ask for nothing that is not so anyway, each with why. */
const IDLE: Readonly<Record<string, string>> = {
  'GET /images/json digests': 'RepoDigests are always told',
  'GET /images/json manifests': 'told by multi-platform stores only, as the document says; here an image is for one platform',
  'GET /images/json identity': 'there are no trusted identities, and so none is told',
  'GET /images/{name}/attestations statement': 'the operation is refused by its name',
  'GET /networks/{id} verbose': 'adds the services of a swarm, of which there are none',
  'POST /build rm': 'no container of a step is left, whether it succeeds',
  'POST /build forcerm': 'or fails',
  'DELETE /images/{name} noprune': 'no image that this one was built upon goes with it',
};

const OPERATIONS = readFileSync(new URL('../../test/docker/engine-endpoints.tsv', import.meta.url), 'utf8')
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t'))
  .filter(([tag = '']) => ['Container', 'Exec', 'Network', 'Volume', 'System', 'Distribution', 'Image'].includes(tag))
  .flatMap(([, method = '', path = '', parameters = '']) =>
    parameters.split(',').flatMap((name) => (name === '' ? [] : [{ operation: `${method} ${path}`, name }])),
  );
const SOURCES = readdirSync(new URL('.', import.meta.url))
  .filter((name) => /^[\w-]+\.ts$/.test(name))
  .map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'))
  .join('\n');

test('each parameter of the document is read, refused by its name, or has a reason to be idle', () => {
  assert.ok(OPERATIONS.length > 90);
  const unread = OPERATIONS.filter(({ name }) => !new RegExp(`['"]${name}['"]|\\b${name}: \\[`).test(SOURCES));
  assert.deepEqual(
    unread.filter(({ operation, name }) => !(`${operation} ${name}` in IDLE)),
    [],
  );
  for (const idle of Object.keys(IDLE))
    assert.ok(
      OPERATIONS.some(({ operation, name }) => `${operation} ${name}` === idle),
      idle,
    );
});
