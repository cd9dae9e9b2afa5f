import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, V1ConfigMap } from '#cluster/api';
import { CONFIG_MAPS } from '#cluster/client';
import { seededRandom, silentLogger, systemClock } from '#kit';
import { ControlPlane } from './control-plane.ts';

const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const OURS = '/configmaps/default/c-';

function start(seed: number, content: Parameters<typeof ControlPlane.start>[1]): Promise<ControlPlane> {
  return ControlPlane.start({ clock: systemClock, random: seededRandom(seed), logger: silentLogger }, content, { user: ADMIN, token: '' });
}
const named = (name: string, text: string): V1ConfigMap => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { text } });

async function stored(plane: ControlPlane, revision?: number): Promise<readonly KubeObject[]> {
  const { items } = await plane.store.range('', revision === undefined ? {} : { revision });
  return items
    .filter(({ key }) => key.includes(OURS))
    .map(({ value, modRevision }) => {
      const object = JSON.parse(Buffer.from(value).toString()) as KubeObject; // the API server wrote it
      return { ...object, metadata: { ...object.metadata, resourceVersion: String(modRevision) } };
    });
}

test('what is taken of a control plane while others write, change and delete is what stood there at one moment', async () => {
  const origin = await start(1, { items: [], revision: 0 });
  const maps = origin.client(ADMIN).resource<V1ConfigMap>(CONFIG_MAPS);
  let isDone = false;
  const write = async (writer: number) => {
    for (let turn = 0; !isDone; turn += 1) {
      const name = `c-${writer}-${turn % 5}`;
      await maps.create(named(name, String(turn)));
      await maps.patch(name, 'default', 'merge', { data: { text: `${turn} again` } });
      if (turn % 3 !== 0) await maps.patch(name, 'default', 'merge', { data: { more: 'x' } });
      await maps.delete(name, 'default');
      await maps.create(named(name, 'anew'));
      if (turn >= 4) await maps.delete(`c-${writer}-${(turn + 1) % 5}`, 'default');
    }
  };
  const writers = [1, 2, 3, 4].map(write);
  try {
    for (let fork = 0; fork < 8; fork += 1) {
      await maps.list({ namespace: 'default' });
      const content = await origin.content();
      // Others get between what the store holds and what is known of it: the later moment does no harm.
      await maps.create(named(`between-${fork}`, ''));
      await maps.create(named(`between-${fork}-again`, ''));
      const then = await stored(origin, content.revision);
      const copy = await start(2, { ...content, prepared: origin.server.prepared() });
      try {
        const { items } = await copy.client(ADMIN).resource<V1ConfigMap>(CONFIG_MAPS).list({ namespace: 'default' });
        const ours = items.filter(({ metadata }) => metadata.name?.startsWith('c-'));
        assert.deepEqual(ours.map(plain).sort(byName), then.map(plain).sort(byName));
        assert.deepEqual((await stored(copy)).map(plain), then.map(plain));
      } finally {
        await copy.stop();
      }
    }
  } finally {
    isDone = true;
    await Promise.all(writers);
    await origin.stop();
  }
});

/** Without what every object of a list has alike. */
function plain({ apiVersion: _version, kind: _kind, ...rest }: KubeObject): Omit<KubeObject, 'apiVersion' | 'kind'> {
  return rest;
}
function byName(one: Omit<KubeObject, 'apiVersion' | 'kind'>, other: Omit<KubeObject, 'apiVersion' | 'kind'>): number {
  return String(one.metadata.name).localeCompare(String(other.metadata.name));
}
