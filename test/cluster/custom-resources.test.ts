import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { createApiServer } from '#cluster/apiserver';
import { inProcessClient } from '#cluster/client';
import { createControllers } from '#cluster/controllers';
import { openMemoryStore } from '#cluster/store';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { connectKubectl, type Kubectl } from '../../src/cluster/apiserver/testkit/kubectl.ts';
import { eventually } from '../support/eventually.ts';

const shared = { clock: systemClock, random: systemRandom, logger: silentLogger };
const closing = new AsyncDisposableStack();
let kubectl: Kubectl;

before(async () => {
  const store = await openMemoryStore();
  closing.defer(() => store.close());
  const server = await createApiServer({ ...shared, store, serviceCidr: '10.96.0.0/24', nodes: () => undefined, version: 'v1.36.0+gantry-test' });
  closing.defer(() => server.stop());
  const client = inProcessClient(server.handler, { name: 'system:kube-controller-manager', groups: ['system:authenticated'] });
  closing.defer(() => client.close());
  const controllers = createControllers({ ...shared, client, options: {} });
  await controllers.start();
  closing.defer(() => controllers.stop());
  kubectl = await connectKubectl(server);
  closing.use(kubectl);
});
after(() => closing.disposeAsync());

const says = async (...line: string[]) => {
  const { stdout, stderr, code } = await kubectl(...line);
  assert.equal(code, 0, `${line.join(' ')}: ${stderr}`);
  return stdout.trim();
};
const refuses = async (pattern: RegExp, ...line: string[]) => {
  const { stdout, stderr, code } = await kubectl(...line);
  assert.notEqual(code, 0, `${line.join(' ')}: ${stdout}`);
  assert.match(stderr, pattern);
};
let counter = 0;
const file = async (...objects: readonly object[]) => {
  const path = join(kubectl.folder, `${(counter += 1)}.yaml`);
  await writeFile(path, objects.map((one) => stringify(one)).join('---\n'));
  return path;
};

const SPEC = {
  type: 'object',
  required: ['color'],
  properties: {
    color: { type: 'string', enum: ['red', 'blue'] },
    size: { type: 'integer', minimum: 1, maximum: 10, default: 3 },
    code: { type: 'string', pattern: '^[a-z]{2}-\\d+$', maxLength: 8 },
    port: { 'x-kubernetes-int-or-string': true },
    parts: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, count: { type: 'integer', default: 1 } } },
    },
    anything: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};
const STATUS = { type: 'object', properties: { size: { type: 'integer' }, selector: { type: 'string' }, phase: { type: 'string' } } };
const VERSION = {
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: { type: 'object', description: 'A widget is what this test is about.', properties: { spec: SPEC, status: STATUS } } },
  subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size', labelSelectorPath: '.status.selector' } },
  additionalPrinterColumns: [
    { name: 'Color', type: 'string', jsonPath: '.spec.color' },
    { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: [{ jsonPath: '.spec.color' }],
};
const definition = (plural: string, kind: string, group: string, more: object = {}, versions: readonly object[] = [VERSION]) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: { group, scope: 'Namespaced', names: { plural, kind, shortNames: [`${plural.slice(0, 2)}${plural.at(-2)}`], categories: ['all'] }, versions, ...more },
});
const object = (group: string, kind: string, name: string, spec: object, metadata: object = {}) => ({
  apiVersion: `${group}/v1`,
  kind,
  metadata: { name, namespace: 'default', ...metadata },
  spec,
});

test('an object can be made as soon as its definition is there', async () => {
  await says('create', '-f', await file(definition('widgets', 'Widget', 'a.test')));
  await says('create', '-f', await file(object('a.test', 'Widget', 'one', { color: 'red' })));
  assert.equal(
    await says('wait', '--for=condition=Established', 'crd/widgets.a.test', '--timeout=1s'),
    'customresourcedefinition.apiextensions.k8s.io/widgets.a.test condition met',
  );
  assert.equal(await says('get', 'widgets', 'one', '-o', 'jsonpath={.spec.size} {.metadata.generation}'), '3 1');
  assert.match(await says('get', 'wit'), /^NAME +COLOR +SIZE +AGE\none +red +3 +\d+s$/);
  assert.match(await says('get', 'all'), /widget.a.test\/one/);
  assert.match(await says('api-resources', '--api-group=a.test'), /widgets +wit +a.test\/v1 +true +Widget/);
  assert.match(await says('explain', 'widgets'), /A widget is what this test is about/);
  assert.match(await says('explain', 'widgets.spec.parts'), /count\s+<integer>/);
});

test('what its schema does not take is refused, with each field', async () => {
  await says('apply', '-f', await file(definition('gears', 'Gear', 'b.test')));
  const gear = async (spec: object) => ['create', '-f', await file(object('b.test', 'Gear', 'x', spec))];
  await refuses(/spec\.color: Required value/, ...(await gear({})));
  await refuses(/spec\.color: Unsupported value: "green": supported values: "red", "blue"/, ...(await gear({ color: 'green' })));
  await refuses(/spec\.size: Invalid value: 11: spec\.size in body should be less than or equal to 10/, ...(await gear({ color: 'red', size: 11 })));
  await refuses(/spec\.size: Invalid value: "string": spec\.size in body must be of type integer: "string"/, ...(await gear({ color: 'red', size: 'big' })));
  await refuses(/spec\.code in body should match/, ...(await gear({ color: 'red', code: 'nope' })));
  await refuses(/spec\.port: Invalid value: "boolean"/, ...(await gear({ color: 'red', port: true })));
  await refuses(/spec\.parts\[1\]: Duplicate value: {"name":"a"}/, ...(await gear({ color: 'red', parts: [{ name: 'a' }, { name: 'a' }] })));
  await refuses(/unknown field "spec\.colour"/, ...(await gear({ color: 'red', colour: 'red' })));
  assert.match(
    (await kubectl('create', '--validate=warn', '-f', await file(object('b.test', 'Gear', 'pruned', { color: 'red', colour: 'red' })))).stderr,
    /unknown field "spec\.colour"/,
  );
  assert.equal(await says('get', 'gear', 'pruned', '-o', 'jsonpath={.spec.colour}'), '');
  await says('create', '-f', await file(object('b.test', 'Gear', 'free', { color: 'red', port: '8080', anything: { goes: [1] } })));
  assert.equal(await says('get', 'gear', 'free', '-o', 'jsonpath={.spec.anything.goes[0]}{.spec.port}'), '18080');
});

test('status and scale stand apart; generations count what is wanted', async () => {
  await says('apply', '-f', await file(definition('wheels', 'Wheel', 'c.test')));
  await says('apply', '-f', await file(object('c.test', 'Wheel', 'w', { color: 'red' })));
  await says('patch', 'wheel', 'w', '--type=merge', '-p', '{"status":{"phase":"ignored"}}');
  assert.equal(await says('get', 'wheel', 'w', '-o', 'jsonpath={.status.phase}|{.metadata.generation}'), '|1');
  await says(
    'patch',
    'wheel',
    'w',
    '--subresource=status',
    '--type=merge',
    '-p',
    '{"status":{"phase":"Ready","size":2,"selector":"a=b"},"spec":{"color":"blue"}}',
  );
  assert.equal(await says('get', 'wheel', 'w', '-o', 'jsonpath={.status.phase} {.spec.color} {.metadata.generation}'), 'Ready red 1');
  await says('scale', 'wheel/w', '--replicas=7');
  assert.equal(await says('get', 'wheel', 'w', '-o', 'jsonpath={.spec.size} {.metadata.generation}'), '7 2');
  assert.equal(await says('get', 'wheel', 'w', '--subresource=scale', '-o', 'jsonpath={.spec.replicas} {.status.replicas} {.status.selector}'), '7 2 a=b');
  assert.match(await says('get', 'wheel', '--field-selector=spec.color=red'), /^NAME[^]*w /);
  await refuses(/field label not supported: spec\.size/, 'get', 'wheel', '--field-selector=spec.size=7');
});

test('patches: merge and JSON, no strategic one; server-side apply knows the lists by their keys', async () => {
  await says('apply', '-f', await file(definition('bolts', 'Bolt', 'd.test')));
  const applied = async (manager: string, spec: object) =>
    says('apply', '--server-side', `--field-manager=${manager}`, '-f', await file(object('d.test', 'Bolt', 'b', spec)));
  await applied('one', { color: 'red', parts: [{ name: 'a', count: 2 }] });
  await applied('two', { color: 'red', parts: [{ name: 'b' }] });
  assert.deepEqual((await says('get', 'bolt', 'b', '-o', 'jsonpath={.spec.parts[*].name}')).split(' ').sort(), ['a', 'b']);
  await refuses(
    /conflict with "one"[^]*\.spec\.parts\[name="a"\]\.count/,
    'apply',
    '--server-side',
    '--field-manager=two',
    '-f',
    await file(object('d.test', 'Bolt', 'b', { color: 'red', parts: [{ name: 'a', count: 5 }] })),
  );
  await applied('one', { color: 'red' });
  assert.equal(await says('get', 'bolt', 'b', '-o', 'jsonpath={.spec.parts[*].name}'), 'b');
  await refuses(/media types/i, 'patch', 'bolt', 'b', '--type=strategic', '-p', '{"spec":{"color":"blue"}}');
  await says('patch', 'bolt', 'b', '--type=json', '-p', '[{"op":"replace","path":"/spec/color","value":"blue"}]');
  assert.equal(await says('get', 'bolt', 'b', '-o', 'jsonpath={.spec.color}'), 'blue');
});

test('several versions without conversion; one that is not served is not there', async () => {
  const v2 = { ...VERSION, name: 'v2', storage: false };
  await says('apply', '-f', await file(definition('nuts', 'Nut', 'e.test', {}, [VERSION, v2, { ...VERSION, name: 'v0', storage: false, served: false }])));
  await says('create', '-f', await file(object('e.test', 'Nut', 'nut', { color: 'red' })));
  assert.equal(await says('get', 'nuts.v2.e.test', 'nut', '-o', 'jsonpath={.apiVersion} {.spec.size}'), 'e.test/v2 3');
  assert.equal(await says('get', '--raw', '/apis/e.test').then((text) => JSON.parse(text).preferredVersion.version), 'v2');
  await refuses(/the server could not find the requested resource|NotFound/, 'get', '--raw', '/apis/e.test/v0/namespaces/default/nuts');
});

test('a definition that does not hold is refused, with each field', async () => {
  const bad = async (schema: object, more: object = {}) => [
    'create',
    '-f',
    await file(definition('bads', 'Bad', 'f.test', more, [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }])),
  ];
  await refuses(/spec\.validation\.openAPIV3Schema\.properties\[a\]\.type: Required value/, ...(await bad({ type: 'object', properties: { a: {} } })));
  await refuses(/\.items: Required value/, ...(await bad({ type: 'object', properties: { a: { type: 'array' } } })));
  await refuses(/\.pattern: Invalid value/, ...(await bad({ type: 'object', properties: { a: { type: 'string', pattern: '(' } } })));
  await refuses(
    /x-kubernetes-validations: Forbidden: this server evaluates no CEL rules/,
    ...(await bad({ type: 'object', 'x-kubernetes-validations': [{ rule: 'true' }] })),
  );
  await refuses(
    /spec\.conversion\.strategy: Forbidden/,
    ...(await bad({ type: 'object' }, { conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } } })),
  );
  await refuses(/\.default: Invalid value/, ...(await bad({ type: 'object', properties: { a: { type: 'integer', default: 'x' } } })));
  await refuses(
    /metadata\.name: Invalid value: "other\.f\.test": must be spec\.names\.plural/,
    'create',
    '-f',
    await file({ ...definition('bads', 'Bad', 'f.test'), metadata: { name: 'other.f.test' } }),
  );
});

test('names that another definition has are not accepted until they are free', async () => {
  await says('create', '-f', await file(definition('cogs', 'Cog', 'g.test')));
  const names = { plural: 'sprockets', singular: 'sprocket', kind: 'Cog', listKind: 'SprocketList' };
  await says('create', '-f', await file(definition('sprockets', 'Cog', 'g.test', { names })));
  const state = () =>
    says(
      'get',
      'crd',
      'sprockets.g.test',
      '-o',
      'jsonpath={.status.conditions[?(@.type=="NamesAccepted")].status} {.status.conditions[?(@.type=="NamesAccepted")].reason}',
    );
  assert.equal(await state(), 'False KindConflict');
  await says('delete', 'crd', 'cogs.g.test');
  await eventually('the names to be free', async () => (await state()) === 'True NoConflicts');
});

test('objects go with their definition, and owners and namespaces take theirs along', async () => {
  await says('create', '-f', await file(definition('pins', 'Pin', 'h.test')));
  await says('create', 'namespace', 'pins');
  await says(
    'create',
    '-f',
    await file(object('h.test', 'Pin', 'owner', { color: 'red' }), object('h.test', 'Pin', 'in-namespace', { color: 'red' }, { namespace: 'pins' })),
  );
  const uid = await says('get', 'pin', 'owner', '-o', 'jsonpath={.metadata.uid}');
  const owner = { ownerReferences: [{ apiVersion: 'h.test/v1', kind: 'Pin', name: 'owner', uid }] };
  await says(
    'create',
    '-f',
    await file(object('h.test', 'Pin', 'owned', { color: 'red' }, owner), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'owned', namespace: 'default', ...owner },
    }),
  );
  await says('delete', 'pin', 'owner');
  await eventually('what it owned to go', async () => (await says('get', 'pin,cm', '-o', 'name')).split('\n').every((name) => !name.endsWith('/owned')));
  await says('delete', 'namespace', 'pins', '--timeout=10s');
  await says('create', '-f', await file(object('h.test', 'Pin', 'last', { color: 'red' }, { finalizers: ['h.test/held'] })));
  await says('delete', 'crd', 'pins.h.test', '--wait=false');
  await eventually('the object to be told to go', async () => (await says('get', 'pin', 'last', '-o', 'jsonpath={.metadata.deletionTimestamp}')) !== '');
  await refuses(/not supported|MethodNotAllowed/, 'create', '-f', await file(object('h.test', 'Pin', 'late', { color: 'red' })));
  await says('patch', 'pin', 'last', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
  await says('wait', '--for=delete', 'crd/pins.h.test', '--timeout=5s');
  await refuses(/doesn't have a resource type "pins"|could not find the requested resource/, 'get', 'pins');
});

test('kinds are described in OpenAPI 2.0 too, so that lists of mixed kinds can be checked before they are sent', async () => {
  await says('apply', '-f', await file(definition('cams', 'Cam', 'i.test')));
  const path = join(kubectl.folder, 'list.json');
  await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [object('i.test', 'Cam', 'in-list', { color: 'red' })] }));
  await says('create', '-f', path);
  const document = JSON.parse(await says('get', '--raw', '/openapi/v2'));
  assert.equal(document.swagger, '2.0');
  assert.equal(document.definitions['test.i.v1.Cam'].properties.spec.properties.color.type, 'string');
  assert.deepEqual(document.definitions['io.k8s.v1.Pod'].properties.spec.$ref, '#/definitions/io.k8s.v1.PodSpec');
});
