import assert from 'node:assert/strict';
import { test } from 'node:test';
import { impersonationOf } from './impersonate.ts';

test('headers say as whom to act; without a user nobody is meant', () => {
  assert.equal(impersonationOf({ accept: ['*/*'] }), undefined);
  assert.deepEqual(
    impersonationOf({
      'impersonate-user': ['jane'],
      'impersonate-uid': ['7'],
      'impersonate-group': ['dev', 'ops'],
      'impersonate-extra-scopes': ['view', 'edit'],
      'impersonate-extra-acme.example%2fproject': ['one'],
    }),
    { name: 'jane', uid: '7', groups: ['dev', 'ops'], extra: { scopes: ['view', 'edit'], 'acme.example/project': ['one'] } },
  );
  assert.throws(() => impersonationOf({ 'impersonate-group': ['dev'] }), /requested \[groups\] without impersonating a user/);
  assert.throws(() => impersonationOf({ 'impersonate-uid': ['7'], 'impersonate-extra-x': ['y'] }), /requested \[userextras uid\] without impersonating a user/);
});
