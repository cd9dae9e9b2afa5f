import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '#kit';
import { fits } from './patterns.ts';
import { actionsOf, granted, mayDo, mayList, parseScopes, scopeText } from './policy.ts';
import { TokenSigner } from './tokens.ts';
import type { AccessSettings } from './types.ts';

test('patterns', () => {
  const check = (pattern: string, name: string, expected: boolean) => assert.equal(fits(pattern, name), expected, `${pattern} ${name}`);
  check('team/app', 'team/app', true);
  check('team/app', 'team/app2', false);
  check('team/*', 'team/app', true);
  check('team/*', 'team/app/web', false);
  check('team/**', 'team/app/web', true);
  check('team/**', 'teams/app', false);
  check('*/app', 'team/app', true);
  check('**', 'any/thing/at/all', true);
  check('te.m/app', 'team/app', false);
  check('a*b', 'ab', true);
});

test('a pattern made of a name by putting stars in its place still fits it', () => {
  const part = fc.stringMatching(/^[a-z0-9]{1,6}$/);
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.nat(), (parts, at) => {
      const pattern = parts.map((each, index) => (index === at % parts.length ? '*' : each)).join('/');
      return fits(pattern, parts.join('/')) && fits('**', parts.join('/')) && !fits(pattern, `${parts.join('/')}/more`);
    }),
  );
});

test('scopes are read as they are written', () => {
  assert.deepEqual(parseScopes(['repository:host:5000/a/b:pull,push registry:catalog:*', 'nonsense', 'repository(plugin):x:pull']), [
    { type: 'repository', name: 'host:5000/a/b', actions: ['pull', 'push'] },
    { type: 'registry', name: 'catalog', actions: ['*'] },
    { type: 'repository', name: 'x', actions: ['pull'] },
  ]);
  const scope = { type: 'repository', name: 'team/app', actions: ['pull', 'delete'] };
  assert.deepEqual(parseScopes([scopeText(scope)]), [scope]);
});

const SETTINGS: AccessSettings = {
  htpasswd: '',
  groups: { crew: ['bob'] },
  rules: [
    { users: ['ann'], actions: ['push'] },
    { groups: ['crew', 'constructor'], repositories: ['team/*'], actions: ['pull'] },
    { repositories: ['open/*'], actions: ['pull'] },
  ],
};

test('rules allow, and only they do', () => {
  const check = (user: string | undefined, name: string, expected: readonly string[]) => assert.deepEqual(actionsOf(SETTINGS, user, name), expected);
  check('ann', 'team/app', ['push']);
  check('bob', 'team/app', ['pull']);
  check('bob', 'other/app', []);
  check('eve', 'open/app', ['pull']);
  check(undefined, 'open/app', []);
  assert.deepEqual(actionsOf({ htpasswd: '' }, 'eve', 'any'), ['pull', 'push', 'delete']);
  assert.deepEqual(actionsOf({ htpasswd: '', anonymous: 'pull' }, undefined, 'any'), ['pull']);
  assert.equal(mayList(SETTINGS, { name: undefined }), false);
});

test('a token is for no more than what its user may', () => {
  assert.deepEqual(granted(SETTINGS, 'bob', parseScopes(['repository:team/app:pull,push repository:other:pull', 'registry:catalog:*'])), [
    { type: 'repository', name: 'team/app', actions: ['pull'] },
    { type: 'registry', name: 'catalog', actions: ['*'] },
  ]);
  const grants = [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }];
  assert.equal(mayDo(SETTINGS, { name: 'bob', grants }, 'team/app', 'pull'), true);
  assert.equal(mayDo(SETTINGS, { name: 'bob', grants }, 'team/app', 'push'), false);
  assert.equal(mayDo(SETTINGS, { name: 'bob', grants: [] }, 'team/app', 'pull'), false);
});

test('tokens count for their time, their issuer and their service, and unchanged', () => {
  const { privateKey: key } = generateKeyPairSync('ed25519');
  let now_ms = 1_000_000;
  const clock = { ...systemClock, now: () => now_ms };
  const signer = new TokenSigner({ key, clock, audience: 'here', issuer: 'us' });
  const { token } = signer.sign('ann', 5_000, { access: [] });
  assert.equal(signer.read(token)?.sub, 'ann');
  assert.equal(new TokenSigner({ key, clock, audience: 'there', issuer: 'us' }).read(token), undefined);
  assert.equal(new TokenSigner({ key, clock, audience: 'here', issuer: 'them' }).read(token), undefined);
  const [header = '', payload = '', signature = ''] = token.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  for (const wrong of ['', 'a.b.c', `${none}.${payload}.`, `${header}.${payload}x.${signature}`, `${token}.x`])
    assert.equal(signer.read(wrong), undefined, wrong);
  now_ms += 5_000;
  assert.equal(signer.read(token), undefined);
});
