import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DEPLOYMENTS, kindRef } from '#cluster/client';
import type { KubeObject, V1Deployment } from '#cluster/api';
import { startCluster, type TestCluster } from '#testing';
import { output, run } from '../support/run.ts';

const checkout = new URL('../..', import.meta.url).pathname;
const examples = join(checkout, 'examples/operators');
const folder = await mkdtemp(join(tmpdir(), 'gantry-operators-'));
after(() => rm(folder, { recursive: true, force: true }));
const Website = kindRef<KubeObject & { status?: { available?: number } }>({
  apiVersion: 'example.com/v1',
  kind: 'Website',
  resource: 'websites',
  namespaced: true,
});
const website = (replicas: number) => `{apiVersion: example.com/v1, kind: Website, metadata: {name: home}, spec: {page: hello, replicas: ${replicas}}}`;

/** What an operator does, whoever wrote it: makes, follows, reports, and all goes with the Website. */
async function story(cluster: TestCluster): Promise<void> {
  const { client } = cluster;
  const deployments = client.resource<V1Deployment>(DEPLOYMENTS);
  const available = async () => (await client.resource(Website).get('home', 'default')).status?.available;
  await cluster.apply(website(2));
  await cluster.until('two replicas that the Website tells of', async () => (await available()) === 2);
  await cluster.apply(website(3));
  await cluster.until('three replicas that the Website tells of', async () => (await available()) === 3);
  await client.resource(Website).delete('home', 'default', { propagationPolicy: 'Background' });
  await cluster.until('nothing to be left', async () => (await deployments.list({ namespace: 'default' })).items.length === 0);
}

async function withDefinition(): Promise<TestCluster> {
  const cluster = await startCluster({ nodes: 2 });
  await cluster.apply(await readFile(join(examples, 'website.crd.yaml'), 'utf8'));
  return cluster;
}

/** The operator as its user runs it: a program with a kubeconfig. */
async function asProgram(file: string, cluster: TestCluster, body: () => Promise<void>): Promise<void> {
  const kubeconfig = join(folder, `${cluster.seed}.kubeconfig`);
  await writeFile(kubeconfig, await cluster.kubeconfig());
  const operator = spawn(process.execPath, [file], { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, KUBECONFIG: kubeconfig } });
  const ended = once(operator, 'exit');
  try {
    await body();
    assert.equal(operator.exitCode, null, 'it still runs');
  } finally {
    operator.kill();
    await ended;
  }
}

test("an operator with Gantry's client, in the same process", async () => {
  await using cluster = await withDefinition();
  // The package by its own name, as a program has it.
  const { startOperator } = (await import(join(examples, 'gantry.ts'))) as typeof import('../../examples/operators/gantry.ts');
  const stop = await startOperator(cluster.client);
  try {
    await story(cluster);
  } finally {
    await stop();
  }
});

test('an operator with @kubernetes/client-node', async () => {
  await using cluster = await withDefinition();
  await asProgram(join(examples, 'client-node.ts'), cluster, () => story(cluster));
});

test('an operator with kubernetes-fluent-client', async () => {
  await using cluster = await withDefinition();
  await writeFile(join(folder, 'package.json'), '{"type": "module", "dependencies": {"kubernetes-fluent-client": "3.11.6"}}');
  await output(run(['npm', 'install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], { environment: process.env, folder }));
  await copyFile(join(examples, 'fluent.ts'), join(folder, 'fluent.ts'));
  await asProgram(join(folder, 'fluent.ts'), cluster, () => story(cluster));
});
