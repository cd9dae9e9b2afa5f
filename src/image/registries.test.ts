import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReference } from './reference.ts';
import { endpointsOf, parseRegistries } from './registries.ts';

const CONFIG = parseRegistries(
  `
unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "docker.io/myregistry"
location = "127.0.0.1:5000/mine"
insecure = true
[[registry]]
prefix = "docker.io"
location = "hub.example"
[[registry.mirror]]
location = "mirror.example/hub"
[[registry.mirror]]
location = "10.0.0.1:5000"
insecure = true
[[registry]]
prefix = "*.example.org"
insecure = true
[[registry]]
location = "bad.example"
blocked = true
`,
  'test.conf',
);

test('names are rewritten by the longest prefix', () => {
  const check = (name: string, purpose: 'pull' | 'push', ...expected: string[]) =>
    assert.deepEqual(
      endpointsOf(CONFIG, parseReference(name), purpose).map(({ host, repository, insecure }) => `${insecure ? 'http' : 'https'} ${host} ${repository}`),
      expected,
    );
  check('myregistry/myimage:1.0', 'push', 'http 127.0.0.1:5000 mine/myimage');
  check('myregistrytoo/myimage', 'push', 'https hub.example myregistrytoo/myimage');
  check('busybox', 'pull', 'https mirror.example hub/library/busybox', 'http 10.0.0.1:5000 library/busybox', 'https hub.example library/busybox');
  check('busybox', 'push', 'https hub.example library/busybox');
  check('a.b.example.org:443/x', 'pull', 'http a.b.example.org:443 x');
  check('example.org/x', 'pull', 'https example.org x');
  check('localhost:5000/x', 'pull', 'http localhost:5000 x');
  assert.throws(() => endpointsOf(CONFIG, parseReference('bad.example/x'), 'pull'), { code: 'REGISTRY_BLOCKED' });
});

test('what is wrong with the file is said', () => {
  const check = (text: string, message: RegExp) => assert.throws(() => parseRegistries(text, 'x.conf'), { code: 'REGISTRIES_CONFIG_INVALID', message });
  check('a = ', /no TOML/);
  check('short-name-mode = "enforcing"', /short-name-mode in the file is not supported/);
  check('unqualified-search-registries = ["quay.io"]', /may only name docker\.io/);
  check('[[registry]]', /needs a prefix or a location/);
  check('[[registry]]\nprefix = "a.b"', /needs a location/);
  check('[[registry]]\nlocation = "http://a.b"', /without a scheme/);
  check('[[registry]]\nprefix = "a.*.b"\nlocation = "c"', /wildcard only as/);
  check('[[registry]]\nlocation = "a.b"\ninsecure = "yes"', /must be true or false/);
  check('[[registry]]\nlocation = "a.b"\n[[registry]]\nlocation = "a.b"', /twice/);
  check('[[registry]]\nlocation = "a.b"\n[[registry.mirror]]\ninsecure = true', /needs a location/);
});
