import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHAPES, shaped } from './shapes.ts';

for (const [kind, value, minor, expected] of [
  ['image', { Id: 'x', VirtualSize: 1 }, 43, { Id: 'x', VirtualSize: 1 }],
  ['image', { Id: 'x', VirtualSize: 1 }, 44, { Id: 'x' }],
  ['image', { Config: { Tty: false, Cmd: null } }, 49, { Config: { Tty: false, Cmd: null } }],
  ['image', { Config: { Tty: false, Cmd: null } }, 50, { Config: { Cmd: null } }],
  ['image', { Config: { Tty: false, Cmd: null }, Author: '' }, 52, { Config: {} }],
  ['image', { Config: { Cmd: ['sh'] }, Author: 'ann' }, 52, { Config: { Cmd: ['sh'] }, Author: 'ann' }],
  ['container', { NetworkSettings: { Networks: { a: { DNSNames: [], GwPriority: 0 } } } }, 43, { NetworkSettings: { Networks: { a: {} } } }],
  ['container', { NetworkSettings: { Networks: { a: { DNSNames: [], GwPriority: 0 } } } }, 44, { NetworkSettings: { Networks: { a: { DNSNames: [] } } } }],
  ['container', { NetworkSettings: { IPAddress: '', Ports: {} } }, 51, { NetworkSettings: { IPAddress: '', Ports: {} } }],
  ['container', { NetworkSettings: { IPAddress: '', Ports: {} } }, 52, { NetworkSettings: { Ports: {} } }],
  ['event', { status: 'start', Action: 'start' }, 51, { status: 'start', Action: 'start' }],
  ['event', { status: 'start', Action: 'start' }, 52, { Action: 'start' }],
] as const)
  test(`${kind} ${JSON.stringify(value)} at 1.${minor}`, () => assert.deepEqual(shaped(kind, value, minor), expected));

test('every field that is named has a version that it depends on', () => {
  for (const fields of Object.values(SHAPES)) for (const field of fields) assert.ok('from' in field || 'before' in field || 'filledFrom' in field, field.path);
});
