import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { V1ContainerResizePolicy, V1Pod, V1PodCondition, V1ResourceRequirements } from '#cluster/api';
import { PODS } from '#cluster/client';
import { Rig } from './testing-rig.ts';

const both = (cpu: string, memory: string): V1ResourceRequirements => ({ requests: { cpu, memory }, limits: { cpu, memory } });
let generation = 1;

/** As the API's `resize` writes it: the spec's resources, and a new generation. */
async function resize(rig: Rig, name: string, resources: V1ResourceRequirements): Promise<void> {
  const containers = rig.pod(name).spec?.containers.map((container) => ({ ...container, resources }));
  generation += 1;
  await rig.cluster.resource<V1Pod>(PODS).patch(name, 'default', 'merge', { metadata: { generation }, spec: { containers } });
  await rig.settle();
}
const condition = (rig: Rig, name: string, type: string): V1PodCondition | undefined => rig.pod(name).status?.conditions?.find((one) => one.type === type);
const statusOf = (rig: Rig, name = 'web') => rig.pod(name).status?.containerStatuses?.[0];
const updates = (rig: Rig) => rig.runtime.calls.filter((call) => call.startsWith('update'));
const said = (rig: Rig) => rig.events().filter((words) => words.startsWith('Resize'));

suite('a change of resources', () => {
  test('reaches the running container, the status and the events; the container goes on', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web', { resources: both('500m', '64Mi') });
    assert.deepEqual(statusOf(rig)?.resources, both('500m', '64Mi'));
    await resize(rig, 'web', both('1', '128Mi'));
    const amounts = '{"memory_bytes":134217728,"cpu_millicores":1000}';
    assert.deepEqual(updates(rig), [`update main/0 {"limits":${amounts},"requests":${amounts}}`]);
    assert.deepEqual([statusOf(rig)?.resources, statusOf(rig)?.allocatedResources], [both('1', '128Mi'), { cpu: '1', memory: '128Mi' }]);
    assert.deepEqual(
      [statusOf(rig)?.restartCount, condition(rig, 'web', 'PodResizeInProgress'), condition(rig, 'web', 'PodResizePending')],
      [0, undefined, undefined],
    );
    const summary = `{"containers":[{"name":"main","resources":${JSON.stringify(both('1', '128Mi'))}}],"generation":${generation}}`;
    assert.deepEqual(said(rig), [`ResizeStarted: Pod resize started: ${summary}`, `ResizeCompleted: Pod resize completed: ${summary}`]);
  });

  test('of one that its policy restarts is what its next run begins with', async () => {
    await using rig = await Rig.make();
    const resizePolicy: V1ContainerResizePolicy[] = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    await rig.createPod('web', { resources: both('500m', '64Mi'), resizePolicy });
    await resize(rig, 'web', both('1', '64Mi'));
    assert.equal(updates(rig).length, 1, 'the cpu needs no restart');
    await resize(rig, 'web', both('1', '128Mi'));
    assert.ok(rig.events().includes('Killing: Container main resize requires restart'), rig.events().join('\n'));
    assert.equal(rig.runtime.specs.get(rig.runtime.newest('main').id)?.limits.memory_bytes, 128 * 2 ** 20);
    assert.deepEqual([updates(rig).length, statusOf(rig)?.restartCount, statusOf(rig)?.resources], [1, 1, both('1', '128Mi')]);
    assert.equal(said(rig).filter((words) => words.startsWith('ResizeCompleted')).length, 2);
  });

  test('that the node can never give is Infeasible, and nothing is changed', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web', { resources: both('500m', '64Mi') });
    await resize(rig, 'web', both('3', '64Mi'));
    const pending = condition(rig, 'web', 'PodResizePending');
    assert.deepEqual(
      [pending?.status, pending?.reason, pending?.message, pending?.observedGeneration],
      ['True', 'Infeasible', "Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000", generation],
    );
    assert.deepEqual([updates(rig), statusOf(rig)?.resources, statusOf(rig)?.allocatedResources], [[], both('500m', '64Mi'), { cpu: '500m', memory: '64Mi' }]);
    assert.match(said(rig).join(), /^ResizeInfeasible: Pod resize Infeasible: .*"error":"Node didn't have enough capacity/);
    await resize(rig, 'web', both('500m', '64Mi'));
    assert.equal(condition(rig, 'web', 'PodResizePending'), undefined);
  });

  test('waits for what others hold, and comes when they end', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web', { resources: both('500m', '64Mi') });
    await rig.createPod('other', { resources: both('1', '64Mi') });
    await resize(rig, 'web', both('1500m', '64Mi'));
    const pending = condition(rig, 'web', 'PodResizePending');
    assert.deepEqual([pending?.reason, pending?.message], ['Deferred', "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000"]);
    rig.cluster.markDeleted('other', 0, rig.clock.now());
    await rig.pass(3_000);
    assert.equal(rig.findPod('other'), undefined);
    assert.deepEqual([condition(rig, 'web', 'PodResizePending'), statusOf(rig)?.resources], [undefined, both('1500m', '64Mi')]);
  });

  test('below what is in use is refused, said, and tried again until it is not', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web', { resources: both('500m', '64Mi') });
    rig.runtime.memoryUsed_bytes = 40 * 2 ** 20;
    await resize(rig, 'web', both('500m', '32Mi'));
    const progress = condition(rig, 'web', 'PodResizeInProgress');
    const words = 'attempting to set container "main" memory limit (33554432) below current usage (41943040)';
    assert.deepEqual([progress?.reason, progress?.message, progress?.observedGeneration], ['Error', words, generation]);
    assert.deepEqual([updates(rig), statusOf(rig)?.resources, statusOf(rig)?.allocatedResources?.memory], [[], both('500m', '64Mi'), '32Mi']);
    assert.equal(said(rig).filter((event) => event.startsWith('ResizeError')).length, 1);
    rig.runtime.memoryUsed_bytes = 2 ** 20;
    await rig.pass(30_000);
    assert.deepEqual([condition(rig, 'web', 'PodResizeInProgress'), statusOf(rig)?.resources], [undefined, both('500m', '32Mi')]);
    rig.runtime.refusedUpdate = 'device busy';
    await resize(rig, 'web', both('500m', '48Mi'));
    assert.equal(condition(rig, 'web', 'PodResizeInProgress')?.message, 'device busy');
  });

  test('is gone on with by the next agent', async () => {
    await using rig = await Rig.make();
    await rig.createPod('web', { resources: both('500m', '64Mi') });
    rig.runtime.refusedUpdate = 'device busy';
    await resize(rig, 'web', both('1', '64Mi'));
    assert.equal(statusOf(rig)?.allocatedResources?.cpu, '1');
    await rig.agent.stop();
    rig.runtime.refusedUpdate = undefined;
    await rig.startAgent();
    assert.deepEqual([updates(rig).length, statusOf(rig)?.resources, condition(rig, 'web', 'PodResizeInProgress')], [2, both('1', '64Mi'), undefined]);
    assert.equal(said(rig).filter((words) => words.startsWith('ResizeCompleted')).length, 1);
    await rig.startAgent();
    assert.equal(updates(rig).length, 2, 'nothing is left to do');
  });
});
