import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { KubeObject, V1EndpointSlice, V1Service } from '#cluster/api';
import type { Informer } from '#cluster/client';
import { silentLogger, systemClock, systemRandom } from '#kit';
import type { Network, ServiceRule } from '#network';
import { createServiceProxy } from '../index.ts';

/** A cache that the test fills. */
class TestingInformer<T extends KubeObject> {
  readonly synced = true;
  objects: readonly T[] = [];
  readonly #handlers = new Set<(change: { readonly type: 'updated'; readonly object: T }) => void>();
  readonly #ofIndex: (object: T) => readonly string[];

  constructor(ofIndex: (object: T) => readonly string[] = () => []) {
    this.#ofIndex = ofIndex;
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  get(): undefined {
    return undefined;
  }
  list(): readonly T[] {
    return this.objects;
  }
  byIndex(_index: string, value: string): readonly T[] {
    return this.objects.filter((object) => this.#ofIndex(object).includes(value));
  }
  onChange(handler: Parameters<Informer<T>['onChange']>[0]): Disposable {
    this.#handlers.add(handler);
    return { [Symbol.dispose]: () => void this.#handlers.delete(handler) };
  }
  set(...objects: readonly T[]): void {
    this.objects = objects;
    for (const object of objects) for (const handler of this.#handlers) handler({ type: 'updated', object });
  }
}

function sliceOf(addresses: readonly string[], isReady = true): V1EndpointSlice {
  const conditions = { ready: isReady, serving: true, terminating: !isReady };
  const metadata = { name: `web-${addresses.join('-')}`, namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } };
  const endpoints = addresses.map((address) => ({ addresses: [address], conditions, targetRef: { uid: `pod-${address}` } }));
  return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: 'IPv4', endpoints, ports: [{ port: 80, protocol: 'TCP' }] };
}

async function rig(ending: readonly { readonly uid: string; readonly address: string }[] = []) {
  const services = new TestingInformer<V1Service>();
  const slices = new TestingInformer<V1EndpointSlice>(({ endpoints = [] }) => endpoints.flatMap(({ addresses }) => addresses));
  const applied: (readonly ServiceRule[])[] = [];
  const gate = { failures: 0, open: Promise.resolve() };
  // Of the network the proxy uses nothing else.
  const network = {
    async setServices(rules: readonly ServiceRule[]) {
      await gate.open;
      if (gate.failures-- > 0) throw new Error('the kernel said no');
      applied.push(rules);
    },
  } as Pick<Network, 'setServices'> as Network;
  services.objects = [
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec: { clusterIP: '10.96.0.5', ports: [{ port: 80 }] } },
  ];
  slices.objects = [sliceOf(['10.0.0.2', '10.0.0.3'])];
  const state = { services, slices, start: async () => undefined, stop: async () => undefined };
  const proxy = createServiceProxy({
    state,
    network,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    nodeName: 'node-a',
    ending: async () => ending,
  });
  return { services, slices, applied, gate, proxy, addresses: () => applied.at(-1)?.[0]?.backends.map(({ address }) => address) };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

suite('the proxy of Services', () => {
  test('changes that come while one is applied are applied together', async () => {
    const { proxy, slices, applied, gate, addresses } = await rig();
    await proxy.start();
    const opened = Promise.withResolvers<void>();
    gate.open = opened.promise;
    for (const last of [4, 5, 6, 7]) {
      slices.set(sliceOf([`10.0.0.${last}`]));
      await turn();
    }
    opened.resolve();
    await turn();
    assert.equal(applied.length, 3);
    assert.deepEqual(addresses(), ['10.0.0.7']);
    await proxy.stop();
  });

  test('a Pod is drained once no rule names it and the cluster does not call it ready', async () => {
    const { proxy, slices, addresses } = await rig();
    await proxy.start();
    let isDrained = false;
    const drained = proxy.drained({ uid: 'pod-10.0.0.3', address: '10.0.0.3' }).then(() => (isDrained = true));
    await turn();
    assert.deepEqual(addresses(), ['10.0.0.2']);
    assert.equal(isDrained, false);
    slices.set(sliceOf(['10.0.0.2']), sliceOf(['10.0.0.3'], false));
    await drained;
    await proxy.stop();
  });

  test('a Pod that ends already when the proxy starts gets no new connections, though its slice calls it ready', async () => {
    const { proxy, applied } = await rig([{ uid: 'pod-10.0.0.3', address: '10.0.0.3' }]);
    await proxy.start();
    assert.deepEqual(
      applied.map(([rule]) => rule?.backends.map(({ address }) => address)),
      [['10.0.0.2']],
    );
    await proxy.stop();
  });

  test('a Pod that is drained while rules are being set waits for rules that were made after', async () => {
    const { proxy, slices, gate, addresses } = await rig();
    await proxy.start();
    const opened = Promise.withResolvers<void>();
    gate.open = opened.promise;
    slices.set(sliceOf(['10.0.0.2', '10.0.0.3', '10.0.0.4']));
    await turn();
    slices.set(sliceOf(['10.0.0.2', '10.0.0.4']), sliceOf(['10.0.0.3'], false));
    const drained = proxy.drained({ uid: 'pod-10.0.0.3', address: '10.0.0.3' }).then(() => addresses());
    opened.resolve();
    assert.deepEqual(await drained, ['10.0.0.2', '10.0.0.4']);
    await proxy.stop();
  });

  test('who is in no Service is drained at once', async () => {
    const { proxy } = await rig();
    await proxy.start();
    await proxy.drained({ uid: 'pod-x', address: '10.0.0.9' });
    await proxy.stop();
  });

  test('what the kernel refuses is tried again', async () => {
    const { proxy, gate, addresses } = await rig();
    gate.failures = 1;
    await proxy.start();
    assert.deepEqual(addresses(), ['10.0.0.2', '10.0.0.3']);
    await proxy.stop();
  });
});
