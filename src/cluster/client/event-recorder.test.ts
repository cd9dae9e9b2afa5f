import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiHandler, type ApiRequest, notFound } from '#cluster/api';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { createEventRecorder } from './event-recorder.ts';
import { inProcessClient } from './handler-client.ts';

const subject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'n', uid: 'u' } };

function recorder(answer: (request: ApiRequest) => void = () => undefined) {
  const asked: ApiRequest[] = [];
  const handler: ApiHandler = {
    async handle(request) {
      asked.push(request);
      answer(request);
      return { kind: 'object', status: 200, object: request.body };
    },
  };
  const client = inProcessClient(handler, { name: 'x', groups: [] });
  return { asked, events: createEventRecorder({ client, clock: systemClock, random: systemRandom, logger: silentLogger, component: 'test' }) };
}

test('the same again raises the count of the first', async () => {
  const { asked, events } = recorder();
  for (let times = 0; times < 3; times++) events.event(subject, 'Normal', 'Started', 'it started');
  events.event(subject, 'Normal', 'Started', 'another started');
  await events.flush();
  const same = asked.filter(({ body }) => !JSON.stringify(body).includes('another'));
  assert.deepEqual(
    same.map(({ verb, body }) => [verb, (body as { count: number }).count]),
    [
      ['create', 1],
      ['patch', 2],
      ['patch', 3],
    ],
  );
  assert.equal(asked.length, 4);
});

test('a burst is cut off', async () => {
  const { asked, events } = recorder();
  for (let times = 0; times < 100; times++) events.event(subject, 'Normal', 'Started', `it started ${times}`);
  await events.flush();
  assert.equal(asked.length, 25);
});

test('an event that was deleted is made anew; failures reach nobody', async () => {
  const { asked, events } = recorder(({ verb }) => {
    if (verb === 'patch') throw notFound({ group: '', resource: 'events' }, 'x');
  });
  events.event(subject, 'Normal', 'Started', 'it started');
  events.event(subject, 'Normal', 'Started', 'it started');
  await events.flush();
  assert.deepEqual(
    asked.map(({ verb }) => verb),
    ['create', 'patch', 'create'],
  );
});
