import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldErrors } from '../validation/field-errors.ts';
import { checkDefinition, definitionWarnings } from './check-definition.ts';
import { defaultDefinition } from './default-definition.ts';
import type { Definition } from './definition.ts';

const definition = (spec: object, version: object = {}, annotations: Record<string, string> = {}): Definition => {
  const whole = {
    metadata: { name: 'foos.example.com', annotations },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'foos', kind: 'Foo' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } }, ...version }],
      ...spec,
    },
  } as unknown as Definition; // Much of it is meant to be wrong.
  defaultDefinition(whole);
  return whole;
};
const wrong = (object: Definition, old?: Definition) => {
  const errors = new FieldErrors();
  checkDefinition(errors, object, old);
  return errors.causes.map(({ field, message }) => `${field}: ${message}`);
};
/** What is wrong with a schema of `spec`, by the end of its path. */
const wrongSchema = (spec: object, more: object = {}) =>
  wrong(definition({}, { schema: { openAPIV3Schema: { type: 'object', properties: { spec }, ...more } } })).map((text) =>
    text.replace('spec.validation.openAPIV3Schema.', '').replace('properties[spec].', ''),
  );

test('a definition without fault', () => assert.deepEqual(wrong(definition({})), []));

test('a definition with nothing in it tells all that is missing', () => {
  const empty = { metadata: { name: 'x' } } as unknown as Definition; // As it comes in.
  defaultDefinition(empty);
  assert.deepEqual(wrong(empty), [
    'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group',
    'spec.group: Required value',
    'spec.scope: Required value',
    'spec.versions: Invalid value: null: must have exactly one version marked as storage version',
    'spec.names.plural: Required value',
    'spec.names.singular: Required value',
    'spec.names.kind: Required value',
    'spec.names.listKind: Required value',
    'status.storedVersions: Invalid value: null: must have at least one stored version',
  ]);
});

test('schemas that are not structural, in the words of Kubernetes', () => {
  const cases: readonly (readonly [object, readonly string[]])[] = [
    [{}, ['type: Required value: must not be empty for specified object fields']],
    [{ type: 'array' }, ['items: Required value: must be specified']],
    [{ type: 'array', items: {} }, ['items.type: Required value: must not be empty for specified array items']],
    [{ type: 'foo' }, ['type: Unsupported value: "foo": supported values: "array", "boolean", "integer", "number", "object", "string"']],
    [
      { 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true },
      ['x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true'],
    ],
    [
      { type: 'object', 'x-kubernetes-embedded-resource': true },
      ['properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'],
    ],
    [{ type: 'object', anyOf: [{ type: 'object' }] }, ['anyOf[0].type: Forbidden: must be empty to be structural']],
    [{ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }, []],
    [{ type: 'string', $ref: '#/x' }, ['$ref: Forbidden: $ref is not supported']],
    [{ type: 'string', default: 1 }, ['default: Invalid value: "integer":  in body must be of type string: "integer"']],
    [
      { type: 'object', properties: { a: { type: 'object', default: { c: 1 } } } },
      ['properties[a].default: Invalid value: {"c":1}: must not have unknown fields'],
    ],
    [
      { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' },
      ['items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set'],
    ],
    [
      { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'] },
      ['items.type: Invalid value: "string": must be object if parent array\'s x-kubernetes-list-type is map'],
    ],
    [{ type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set', default: ['a', 'a'] }, []],
  ];
  for (const [schema, expected] of cases) assert.deepEqual(wrongSchema(schema), expected, JSON.stringify(schema));
});

test('what a condition at the root speaks of is told outside of it too', () => {
  assert.deepEqual(wrongSchema({ type: 'object' }, { allOf: [{ properties: { a: { minLength: 1 } } }] }), [
    'properties[a]: Required value: because it is defined in spec.validation.openAPIV3Schema.allOf[0].properties[a]',
  ]);
});

test('what all versions say alike is told of the definition, the rest of its version', () => {
  const version = (name: string, storage: boolean, type: string) => ({ name, served: true, storage, schema: { openAPIV3Schema: { type } } });
  assert.deepEqual(wrong(definition({ versions: [version('v1', true, 'string'), version('v2', false, 'string')] })), [
    'spec.validation.openAPIV3Schema.type: Invalid value: "string": must be object at the root',
  ]);
  assert.deepEqual(wrong(definition({ versions: [version('v1', true, 'object'), version('v2', false, 'string')] })), [
    'spec.versions[1].schema.openAPIV3Schema.type: Invalid value: "string": must be object at the root',
  ]);
});

test('columns, subresources, selectable fields and warnings of a version', () => {
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } } } };
  const cases: readonly (readonly [object, readonly string[]])[] = [
    [
      { additionalPrinterColumns: [{ name: '', type: 'foo', format: 'bar', jsonPath: 'a' }] },
      [
        'spec.additionalPrinterColumns[0].name: Required value',
        'spec.additionalPrinterColumns[0].type: Invalid value: "foo": must be one of boolean,date,integer,number,string',
        'spec.additionalPrinterColumns[0].format: Invalid value: "bar": must be one of byte,date,date-time,double,float,int32,int64,password',
        'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .',
      ],
    ],
    [
      { subresources: { scale: { specReplicasPath: '', statusReplicasPath: '.x', labelSelectorPath: '.foo' } } },
      [
        'spec.subresources.scale.specReplicasPath: Required value',
        'spec.subresources.scale.statusReplicasPath: Invalid value: ".x": should be a json path under .status',
        'spec.subresources.scale.labelSelectorPath: Invalid value: ".foo": should be a json path under either .spec or .status',
      ],
    ],
    [
      { schema, selectableFields: [{ jsonPath: '.spec.a' }, { jsonPath: '.spec.a' }, { jsonPath: '.spec.z' }, { jsonPath: '.spec' }, { jsonPath: '' }] },
      [
        'spec.selectableFields[1].jsonPath: Duplicate value: ".spec.a"',
        'spec.selectableFields[2].jsonPath: Invalid value: ".spec.z": is an invalid path: does not refer to a valid field',
        'spec.selectableFields[3].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        'spec.selectableFields[4].jsonPath: Required value',
      ],
    ],
    [{ deprecationWarning: 'old' }, ['spec.versions[0].deprecationWarning: Invalid value: "old": can only be set for deprecated versions']],
    [
      { deprecated: true, deprecationWarning: 'a\nb' },
      ['spec.versions[0].deprecationWarning: Invalid value: "a\\nb": must only contain printable UTF-8 characters; non-printable character found at index 1'],
    ],
  ];
  for (const [version, expected] of cases) assert.deepEqual(wrong(definition({}, version)), expected, JSON.stringify(version));
});

test("groups of Kubernetes' own ask for a word of approval", () => {
  const name = 'metadata.annotations[api-approved.kubernetes.io]: ';
  const told = (text?: string) =>
    wrong(definition({ group: 'a.k8s.io' }, {}, text === undefined ? {} : { 'api-approved.kubernetes.io': text })).filter((line) => line.startsWith(name));
  assert.match(told()[0] ?? '', /Required value: protected groups must have approval annotation/);
  assert.match(told('x')[0] ?? '', /Invalid value: "x": .* with either a URL or a reason starting with "unapproved"/);
  assert.deepEqual([told('unapproved, a test'), told('https://example.com/1')], [[], []]);
});

test('a version that may lie in the store stays', () => {
  const before = { ...definition({}), status: { storedVersions: ['v0', 'v1'] } };
  assert.match(wrong(definition({}), before)[0] ?? '', /^status\.storedVersions\[0\]: Invalid value: "v0": missing from spec\.versions; v0 was previously/);
});

test('formats that say nothing are warned of once', () => {
  const schema = (format: string) => definition({}, { schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string', format } } } } });
  assert.deepEqual(definitionWarnings(schema('bogus')), ['unrecognized format "bogus"']);
  assert.deepEqual([definitionWarnings(schema('bogus'), schema('bogus')), definitionWarnings(schema('date-time'))], [[], []]);
});
