import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInsecure } from './insecure.ts';
import { parseReference } from './reference.ts';
import { endpointsOf, NO_REGISTRIES, parseRegistries } from './registries.ts';
import { type RegistrySettings, withSettings } from './registry-settings.ts';

const places = (settings: RegistrySettings, name: string, text = '') =>
  endpointsOf(withSettings(text === '' ? NO_REGISTRIES : parseRegistries(text, 'x'), settings), parseReference(name), 'pull').map(
    ({ host, repository, insecure, isMirror }) => `${insecure ? '?' : ''}${host}/${repository}${isMirror ? ' (mirror)' : ''}`,
  );

test('mirrors stand before Docker Hub, in order, and before nobody else', () => {
  const settings = { insecure: [], mirrors: ['https://one.example/', 'http://two.example:5000/hub'] };
  assert.deepEqual(places(settings, 'busybox'), [
    'one.example/library/busybox (mirror)',
    '?two.example:5000/hub/library/busybox (mirror)',
    'docker.io/library/busybox',
  ]);
  assert.deepEqual(places(settings, 'quay.example/a/b'), ['quay.example/a/b']);
  const file = '[[registry]]\nprefix = "docker.io"\nlocation = "hub.example"\n[[registry.mirror]]\nlocation = "three.example"\n';
  assert.deepEqual(places({ insecure: [], mirrors: ['https://one.example'] }, 'busybox', file), [
    'one.example/library/busybox (mirror)',
    'three.example/library/busybox (mirror)',
    'hub.example/library/busybox',
  ]);
});

test('registries that may go without TLS', () => {
  const check = (entry: string, host: string, expected: boolean) => assert.equal(isInsecure([entry], host), expected, `${entry} ${host}`);
  check('reg.example', 'reg.example', true);
  check('reg.example', 'reg.example:5000', true);
  check('reg.example:5000', 'reg.example:5000', true);
  check('reg.example:5000', 'reg.example', false);
  check('192.0.2.0/24', '192.0.2.9:5000', true);
  check('192.0.2.0/24', '192.0.3.9:5000', false);
  check('192.0.2.0/24', 'reg.example', false);
  check('2001:db8::/32', '[2001:db8::1]:5000', true);
  assert.deepEqual(places({ insecure: ['reg.example:5000'], mirrors: [] }, 'reg.example:5000/x'), ['?reg.example:5000/x']);
});
