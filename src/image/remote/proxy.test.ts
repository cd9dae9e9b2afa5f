import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProxy, proxyFor } from './proxy.ts';

test('which addresses are asked for through the proxy', () => {
  const check = (no: string, address: string, expected: boolean) => {
    const settings = { http: 'http://proxy:3128', https: 'http://proxy:3129', no };
    const found = proxyFor(settings, new URL(address))?.port;
    assert.equal(found, expected ? (address.startsWith('https') ? '3129' : '3128') : undefined, `${address} with NO_PROXY=${no}`);
  };
  check('', 'https://registry.example/v2/', true);
  check('', 'http://registry.example/v2/', true);
  for (const own of ['https://localhost:5000', 'http://127.0.0.1:5000', 'http://127.8.9.1', 'https://[::1]:5000']) check('', own, false);
  check('*', 'https://registry.example', false);
  check('example', 'https://registry.example', false);
  check('registry.example', 'https://registry.example', false);
  check(' Registry.Example ,other', 'https://registry.example', false);
  check('registry.example', 'https://a.registry.example', false);
  check('registry.example', 'https://aregistry.example', true);
  for (const subOnly of ['.registry.example', '*.registry.example']) {
    check(subOnly, 'https://a.registry.example', false);
    check(subOnly, 'https://registry.example', true);
  }
  check('registry.example:5000', 'https://registry.example:5000', false);
  check('registry.example:5000', 'https://registry.example', true);
  check('registry.example:443', 'https://registry.example', false);
  check('registry.example:80', 'http://registry.example', false);
  check('192.0.2.10', 'https://192.0.2.10:5000', false);
  check('192.0.2.10:5001', 'https://192.0.2.10:5000', true);
  check('192.0.2.0/24', 'https://192.0.2.10:5000', false);
  check('192.0.3.0/24,x', 'https://192.0.2.10:5000', true);
  check('192.0.2.0/99', 'https://192.0.2.10', true);
  check('2001:db8::/32', 'https://[2001:db8::5]', false);
  check('2001:db8:0::5', 'https://[2001:db8::5]', false);
  check('[2001:db8::5]:443', 'https://[2001:db8::5]', false);
  check('[2001:db8::5]:80', 'https://[2001:db8::5]', true);
  check(',:80', 'https://registry.example', true);
});

test('each scheme has its own proxy', () => {
  assert.equal(proxyFor({ https: 'http://p:1' }, new URL('http://a.example')), undefined);
  assert.equal(proxyFor({ http: 'http://p:1' }, new URL('https://a.example')), undefined);
  assert.equal(proxyFor({ http: '' }, new URL('http://a.example')), undefined);
});

test('proxies are written with a scheme or without, and only http and https are spoken', () => {
  const check = (text: string, expected: string | undefined) => assert.equal(parseProxy(text)?.href, expected, text);
  check('proxy:3128', 'http://proxy:3128/');
  check('10.0.0.1:3128', 'http://10.0.0.1:3128/');
  check('http://ann:s%40@proxy:3128', 'http://ann:s%40@proxy:3128/');
  check('https://proxy', 'https://proxy/');
  check('socks5://proxy:1080', undefined);
  check('http://', undefined);
  check('a b', undefined);
});
