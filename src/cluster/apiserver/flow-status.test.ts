import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1FlowSchema } from '#cluster/api';
import type { ApiServer } from './index.ts';
import { startTestServer } from './testkit/server.ts';

const ADMIN = { name: 'admin', groups: ['system:masters'] };
const GROUP = 'flowcontrol.apiserver.k8s.io';
const ref = (resource: string) => ({ group: GROUP, version: 'v1', resource });

/** Each schema's condition, as it comes. */
async function* conditions(server: ApiServer, name: string): AsyncGenerator<string> {
  const query = { fieldSelector: `metadata.name=${name}` };
  const answer = await server.handler.handle({ verb: 'watch', resource: ref('flowschemas'), query, user: ADMIN });
  assert.ok(answer.kind === 'watch');
  for await (const { object } of answer.events) {
    // FlowSchemas are watched.
    const found = (object as V1FlowSchema).status?.conditions?.find(({ type }) => type === 'Dangling');
    if (found) yield `${found.status} ${found.reason}: ${found.message}`;
  }
}

test('a FlowSchema says whether its priority level is there, as that comes and goes', async () => {
  await using server = await startTestServer();
  const words = (name: string) => `This FlowSchema references the PriorityLevelConfiguration object named "${name}"`;
  const own = conditions(server, 'probes');
  assert.equal((await own.next()).value, `False Found: ${words('exempt')} and it exists`);
  const schema = {
    apiVersion: `${GROUP}/v1`,
    kind: 'FlowSchema',
    metadata: { name: 'mine' },
    spec: {
      priorityLevelConfiguration: { name: 'level' },
      rules: [{ subjects: [{ kind: 'User', user: { name: 'jane' } }], nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['*'] }] }],
    },
  };
  const made = await server.handler.handle({ verb: 'create', resource: ref('flowschemas'), query: {}, user: ADMIN, body: schema });
  assert.match(String(made.kind === 'object' && made.warnings?.join()), /requests are not shared out by it/);
  const mine = conditions(server, 'mine');
  assert.equal((await mine.next()).value, `True NotFound: ${words('level')} but there is no such object`);
  const level = {
    apiVersion: `${GROUP}/v1`,
    kind: 'PriorityLevelConfiguration',
    metadata: { name: 'level' },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  };
  await server.handler.handle({ verb: 'create', resource: ref('prioritylevelconfigurations'), query: {}, user: ADMIN, body: level });
  assert.equal((await mine.next()).value, `False Found: ${words('level')} and it exists`);
  await server.handler.handle({ verb: 'delete', resource: ref('prioritylevelconfigurations'), name: 'level', query: {}, user: ADMIN });
  assert.equal((await mine.next()).value, `True NotFound: ${words('level')} but there is no such object`);
});
