import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FieldErrors } from '../validation/field-errors.ts';
import { prune } from './decode.ts';
import { withDefaults } from './defaults.ts';
import { hasFormat } from './formats.ts';
import { parseJsonPath, readJsonPath } from './json-path.ts';
import type { JsonSchema } from './json-schema.ts';
import { checkListTypes, validateBySchema } from './validate.ts';

const problems = (schema: JsonSchema, value: unknown) => {
  const errors = new FieldErrors();
  validateBySchema(errors, schema, value, 'x');
  checkListTypes(errors, schema, value, 'x');
  return errors.causes.map(({ message }) => message);
};
const accepts = (schema: JsonSchema, ...values: readonly unknown[]) => {
  for (const value of values) assert.deepEqual(problems(schema, value), [], JSON.stringify(value));
};
const refuses = (schema: JsonSchema, ...values: readonly unknown[]) => {
  for (const value of values) assert.notDeepEqual(problems(schema, value), [], JSON.stringify(value));
};

test('conditions on values', () => {
  const cases: readonly (readonly [JsonSchema, readonly unknown[], readonly unknown[]])[] = [
    [{ type: 'integer', minimum: 1, exclusiveMinimum: true }, [2], [1, 0, 1.5, '2']],
    [{ type: 'number', multipleOf: 0.5 }, [1, 1.5], [1.2]],
    [{ type: 'integer', format: 'int32' }, [2 ** 31 - 1], [2 ** 31]],
    [{ type: 'string', minLength: 2, maxLength: 3 }, ['ab', 'äöü', '😀😀😀'], ['a', 'abcd']],
    [{ type: 'string', nullable: true }, [null, 'a'], [1]],
    [{ type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 2 }, [['a']], [[], ['a', 'b', 'c'], [1]]],
    [{ type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' }, [['a', 'b']], [['a', 'a']]],
    [{ type: 'object', additionalProperties: { type: 'integer' }, maxProperties: 1 }, [{ a: 1 }], [{ a: 'b' }, { a: 1, b: 2 }]],
    [{ 'x-kubernetes-int-or-string': true }, [1, '1'], [1.5, true, null]],
    [{ type: 'object', required: ['a'], properties: { a: { type: 'string' } } }, [{ a: '' }], [{}]],
    [
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, oneOf: [{ required: ['a'] }, { required: ['b'] }] },
      [{ a: '' }],
      [{}, { a: '', b: '' }],
    ],
    [{ type: 'string', anyOf: [{ pattern: '^a' }, { pattern: 'z$' }], not: { enum: ['az'] } }, ['ab', 'bz'], ['b', 'az']],
    [
      { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      [{ apiVersion: 'v1', kind: 'A' }],
      [{ kind: 'A' }],
    ],
  ];
  for (const [schema, good, bad] of cases) {
    accepts(schema, ...good);
    refuses(schema, ...bad);
  }
});

test('what is as it was stays, though the schema would have it otherwise now', () => {
  const schema: JsonSchema = { type: 'object', properties: { a: { type: 'string', minLength: 5 }, b: { type: 'string', minLength: 5 } } };
  const errors = new FieldErrors();
  validateBySchema(errors, schema, { a: 'x', b: 'new' }, '', { a: 'x', b: 'old' });
  assert.deepEqual(
    errors.causes.map(({ field }) => field),
    ['b'],
  );
});

test('conditions that stand together are told in the words of Kubernetes', () => {
  const either: JsonSchema = { type: 'string', anyOf: [{ pattern: '^x' }, { pattern: '^y' }] };
  assert.deepEqual(problems(either, 'z'), [
    `Invalid value: "": "x" must validate at least one schema (anyOf)`,
    `Invalid value: "z": x in body should match '^x'`,
  ]);
  const one: JsonSchema = { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] };
  assert.deepEqual(problems(one, {}), ['Invalid value: "": "x" must validate one and only one schema (oneOf). Found none valid', 'Required value']);
  assert.deepEqual(problems(one, { a: 1, b: 1 }), ['Invalid value: "": "x" must validate one and only one schema (oneOf). Found 2 valid alternatives']);
  assert.deepEqual(problems({ not: { enum: ['a'] } }, 'a'), ['Invalid value: "": "x" must not validate the schema (not)']);
});

test('formats', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['date-time', '2026-01-02T03:04:05Z', '2026-01-02'],
    ['date', '2026-01-02', '2026-13-02'],
    ['duration', '1h30m', '1x'],
    ['ipv4', '10.0.0.1', '::1'],
    ['cidr', '10.0.0.0/8', '10.0.0.0/33'],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', '123'],
    ['byte', 'YQ==', '@'],
    ['hostname', 'a.b', 'a..b'],
  ];
  for (const [format, good, bad] of cases) assert.deepEqual([hasFormat(format, good), hasFormat(format, bad)], [true, false], format);
  assert.ok(hasFormat('whatever', 'x'));
});

const SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    a: { type: 'object', properties: { b: { type: 'string', default: 'x' } } },
    list: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer', default: 1 } } } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    none: { type: 'string', nullable: false, default: 'd' },
  },
};

test('what a schema does not know goes, and what it has of defaults comes', () => {
  const lost: string[] = [];
  const value = { a: { b: 'y', c: 1 }, list: [{ n: 2, m: 3 }], free: { any: { thing: 1 } }, other: 1, none: null };
  const pruned = prune(SCHEMA, value, '', (path) => lost.push(path));
  assert.deepEqual(pruned, { a: { b: 'y' }, list: [{ n: 2 }], free: { any: { thing: 1 } } });
  assert.deepEqual(lost, ['a.c', 'list[0].m', 'other']);
  assert.deepEqual(withDefaults(SCHEMA, { a: {}, list: [{}] }), { a: { b: 'x' }, list: [{ n: 1 }], none: 'd' });
  const whole = { a: { b: '' }, list: [{ n: 0 }], none: '' };
  assert.equal(withDefaults(SCHEMA, whole), whole);
});

test('pruning and completing twice is as once, whatever the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const once = withDefaults(
        SCHEMA,
        prune(SCHEMA, value, '', () => {}),
      );
      assert.deepEqual(
        withDefaults(
          SCHEMA,
          prune(SCHEMA, once, '', (path) => assert.fail(path)),
        ),
        once,
      );
      problems(SCHEMA, once);
    }),
    { numRuns: 500 },
  );
});

test('paths of columns', () => {
  const value = {
    status: {
      conditions: [
        { type: 'A', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
    },
    metadata: { labels: { 'a.b/c': 'x' } },
  };
  const read = (path: string) => readJsonPath(parseJsonPath(path) ?? assert.fail(path), value);
  assert.deepEqual(read('.status.conditions[?(@.type=="Ready")].status'), ['True']);
  assert.deepEqual(read('.status.conditions[*].type'), ['A', 'Ready']);
  assert.deepEqual(read('.status.conditions[-1].type'), ['Ready']);
  assert.deepEqual(read('.metadata.labels.a\\.b/c'), ['x']);
  assert.deepEqual(read(".metadata.labels['a.b/c']"), ['x']);
  assert.deepEqual(read('.spec.nothing'), []);
  assert.equal(parseJsonPath('.a[?('), undefined);
});
