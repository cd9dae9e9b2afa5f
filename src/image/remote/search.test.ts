import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { systemClock, systemRandom } from '#kit';
import { NO_REGISTRIES, parseRegistries } from '../registries.ts';
import { searchRegistries } from './search.ts';
import { RegistrySessions } from './session.ts';

const ALL = ['ours/alpha', 'ours/beta', 'theirs/alpha'];
const asked: string[] = [];
/** A catalogue of one name a page, whatever is asked for. */
const server = createServer((request, response) => {
  asked.push(request.url ?? '');
  const last = new URL(request.url ?? '/', 'http://x').searchParams.get('last');
  const at = last === null ? 0 : ALL.indexOf(last) + 1;
  const more = at + 1 < ALL.length ? { link: `</v2/_catalog?last=${encodeURIComponent(ALL[at] ?? '')}&n=1>; rel="next"` } : {};
  response.writeHead(200, { 'content-type': 'application/json', ...more }).end(JSON.stringify({ repositories: [ALL[at]] }));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
// A server on a port has an address of this form.
const place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
const sessions = new RegistrySessions(systemClock, systemRandom);
after(() => {
  sessions.close();
  server.close();
});

const entry = (prefix: string, location: string, more = '') => `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\ninsecure = true\n${more}\n`;
const search = (term: string, text = '') => searchRegistries(sessions, text === '' ? NO_REGISTRIES : parseRegistries(text, 'test'), term, {});

test('every page of a catalogue is read', async () => {
  assert.deepEqual((await search(`${place}/alpha`)).names, [`${place}/ours/alpha`, `${place}/theirs/alpha`]);
  assert.equal(asked.length, ALL.length);
});

test('names are those that are written here: the prefix in place of the location', async () => {
  assert.deepEqual((await search('a', entry('docker.io/myregistry', `${place}/ours`))).names, ['docker.io/myregistry/alpha', 'docker.io/myregistry/beta']);
  assert.deepEqual((await search('BETA', entry('hub.example', place))).names, ['hub.example/ours/beta']);
  assert.deepEqual((await search('myregistry/b', entry('docker.io/myregistry', `${place}/ours`))).names, ['docker.io/myregistry/beta']);
});

test('a registry that cannot be asked is told beside what others have; when none can, it is an error', async () => {
  const dead = entry('dead.example', '127.0.0.1:1');
  const { names, failures } = await search('beta', entry('hub.example', place) + dead);
  assert.deepEqual(names, ['hub.example/ours/beta']);
  assert.deepEqual(
    failures.map(({ registry }) => registry),
    ['127.0.0.1:1'],
  );
  await assert.rejects(search('beta', dead), /Cannot reach registry 127\.0\.0\.1:1/);
  await assert.rejects(search('beta'), /no registry is configured/);
  await assert.rejects(search('beta', entry('hub.example', place, 'blocked = true')), /no registry is configured/);
});
