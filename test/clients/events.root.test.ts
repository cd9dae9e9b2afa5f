import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';
import { at, engineRequest } from '../support/engine-request.ts';
import { eventually } from '../support/eventually.ts';
import { hijacked } from '../support/hijacked.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());
const socketPath = docker.daemon.dockerSocket;

interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly time: number;
  readonly timeNano: number;
}

/** Listens until it is let go of. */
async function listen(query: string): Promise<{ readonly events: Event[] } & AsyncDisposable> {
  const events: Event[] = [];
  const sent = request({ socketPath, path: `/v1.56/events?${query}` });
  await new Promise<void>((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (answer) => {
      let rest = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        events.push(...lines.map((line): Event => JSON.parse(line))); // the shape of GET /events
      });
      answer.on('error', () => undefined);
      resolve();
    });
    sent.end();
  });
  return {
    events,
    [Symbol.asyncDispose]: () => {
      sent.destroy();
      return Promise.resolve();
    },
  };
}

/** Runs something and gives what is told of it, up to the event that is the last one. */
async function during(last: string, work: () => Promise<unknown>): Promise<readonly Event[]> {
  await using heard = await listen('');
  await work();
  await eventually(`the event ${last}`, () => heard.events.some((event) => `${event.Type} ${event.Action}` === last));
  return heard.events;
}

const words = (events: readonly Event[]) => events.map((event) => `${event.Type} ${event.Action}`);
const only = (events: readonly Event[], word: string) => events.find((event) => `${event.Type} ${event.Action}` === word)?.Actor.Attributes;

test('a life, told', async () => {
  const events = await during('container destroy', async () => {
    await docker.run('create --name life --label of=life -v lived:/data busybox', ...LASTING);
    await docker.run('start life');
    await docker.run('exec life true');
    await docker.run('top life');
    await docker.run('pause life');
    await docker.run('unpause life');
    await docker.run('update -m 64m --memory-swap -1 life');
    await docker.run('rename life lives');
    await docker.run('cp lives:/etc/passwd -');
    await docker.feed(await docker.run('cp lives:/etc/group -'), 'cp - lives:/tmp');
    await docker.run('export -o', `${docker.daemon.folder}/export.tar`, 'lives');
    await docker.run('commit -m why lives kept:1');
    await docker.run('kill -s USR1 lives').catch(() => undefined);
    await docker.run('restart lives');
    await docker.run('stop lives');
    await docker.run('rm lives');
  });
  const expected = `volume create|container create|volume mount|container start|container exec_create: true|container exec_start: true|container exec_die|container top|container pause|container unpause|container update|container rename|container archive-path|container extract-to-dir|container export|container commit|container kill|container die|volume unmount|container stop|container restart|container destroy`;
  for (const word of expected.split('|')) assert.ok(words(events).includes(word), `${word} is not among ${words(events).join(', ')}`);
  const id = events.find((event) => event.Action === 'create' && event.Type === 'container')?.Actor.ID ?? '';
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.deepEqual(only(events, 'container start'), { image: 'busybox', name: 'life', of: 'life' });
  assert.deepEqual(only(events, 'container rename'), { image: 'busybox', name: 'lives', oldName: '/life', of: 'life' });
  assert.deepEqual(only(events, 'volume mount'), { container: id, destination: '/data', driver: 'local', propagation: '', 'read/write': 'true' });
  assert.deepEqual(only(events, 'volume unmount'), { container: id, driver: 'local' });
  assert.deepEqual(
    { ...only(events, 'container commit'), imageID: '' },
    { comment: 'why', image: 'busybox', imageID: '', imageRef: 'kept:1', name: 'lives', of: 'life' },
  );
  assert.match(only(events, 'container die')?.['execDuration'] ?? '', /^\d+$/);
  assert.match(only(events, 'container die')?.['exitCode'] ?? '', /^\d+$/);
  assert.equal(only(events, 'container kill')?.['signal'], '10');
  assert.match(only(events, 'container exec_die')?.['execID'] ?? '', /^[0-9a-f]{64}$/);
  assert.equal(only(events, 'container exec_die')?.['exitCode'], '0');
  for (const event of events) assert.equal(Math.floor(event.timeNano / 1e9), event.time);
});

test('terminals, told: attach, resize, detach, of the container and of an exec', async () => {
  await docker.run('run -dit --name term busybox sh');
  const events = await during('container exec_detach', async () => {
    const attached = await hijacked(socketPath, '/v1.44/containers/term/attach?stream=1&stdin=1&stdout=1&detachKeys=ctrl-a,a');
    assert.equal((await engineRequest(socketPath, 'POST', '/containers/term/resize?h=33&w=99')).status, 200);
    attached.socket.write('\x01a');
    await attached.ended;
    const body = { Cmd: ['sh'], Tty: true, AttachStdin: true, AttachStdout: true, DetachKeys: 'ctrl-a,b' };
    const made = await engineRequest(socketPath, 'POST', '/containers/term/exec', { body });
    const exec = await hijacked(socketPath, `/exec/${String(at(made.json, 'Id'))}/start`, '{"Tty":true}');
    exec.socket.write('\x01b');
    await exec.ended;
  });
  for (const word of ['container attach', 'container resize', 'container detach', 'container exec_detach'])
    assert.ok(words(events).includes(word), words(events).join(', '));
  assert.deepEqual({ ...only(events, 'container resize'), image: '' }, { height: '33', width: '99', image: '', name: 'term' });
  await docker.run('rm -f term');
});

test('images, told: tag, push, pull, save, load, untag, delete, import, create, prune', async () => {
  const name = '127.0.0.1:5000/told/image:1';
  const events = await during('image prune', async () => {
    await docker.feed('FROM busybox\nRUN echo told > /told\n', 'build -q -t made:1 -');
    await docker.run('tag made:1', name);
    await docker.run('push -q', name);
    await docker.run('rmi', name);
    await docker.run('pull -q', name);
    await docker.run('save -o', `${docker.daemon.folder}/save.tar`, 'made:1');
    await docker.run('rmi -f made:1', name);
    await docker.run('image prune -af --filter until=1m');
  });
  for (const word of ['create', 'tag', 'push', 'untag', 'pull', 'save', 'delete', 'prune'])
    assert.ok(words(events).includes(`image ${word}`), `${word}: ${words(events).join(', ')}`);
  const pull = events.find((event) => event.Action === 'pull');
  assert.deepEqual([pull?.Actor.ID, pull?.Actor.Attributes], [name, { name: '127.0.0.1:5000/told/image' }]);
  assert.ok(events.some(({ Action, Actor }) => Action === 'tag' && Actor.Attributes['name'] === name));
  assert.match(only(events, 'image prune')?.['reclaimed'] ?? '', /^\d+$/);
});

test('networks and prunes, told', async () => {
  const events = await during('volume prune', async () => {
    await docker.run('network create told');
    await docker.run('run --rm --network told busybox true');
    await docker.run('network rm told');
    await docker.run('container prune -f');
    await docker.run('network prune -f');
    await docker.run('volume prune -f');
  });
  const expected = 'network create|network connect|network disconnect|network destroy|container prune|network prune|volume prune';
  for (const word of expected.split('|')) assert.ok(words(events).includes(word), `${word} is not among ${words(events).join(', ')}`);
  assert.equal(only(events, 'network connect')?.['name'], 'told');
  assert.ok(words(events).indexOf('network connect') < words(events).indexOf('container start'), 'a container starts once it is connected');
  assert.match(only(events, 'network connect')?.['container'] ?? '', /^[0-9a-f]{64}$/);
});

test('a change of health, an end by too little memory, told', async () => {
  const events = await during('container oom', async () => {
    await docker.run('run -d --name well --health-cmd true --health-interval 100ms busybox', ...LASTING);
    await eventually('health', async () => (await docker.inspect('well', '{{.State.Health.Status}}')) === 'healthy');
    await docker.outcome('run --rm --memory 16m busybox tail /dev/zero');
  });
  assert.ok(words(events).includes('container health_status: healthy'), words(events).join(', '));
  await docker.run('rm -f well');
});

/** Filters, each with what fits and what does not, of what has happened. */
test('every filter chooses, in a replay too', async () => {
  const since = String(Math.floor(Date.now() / 1000) - 1);
  await docker.run('network create chosen');
  await docker.run('volume create --label a=b chosen');
  await docker.run('create --name chosen --label a=b busybox true');
  const id = await docker.inspect('chosen', '{{.Id}}');
  const replay = async (filters: object): Promise<readonly string[]> => {
    const path = `/v1.56/events?since=${since}&until=${(Date.now() / 1000).toFixed(9)}&filters=${encodeURIComponent(JSON.stringify(filters))}`;
    const { bytes } = await engineRequest(socketPath, 'GET', path, { headers: { Accept: 'application/jsonl' } });
    const lines = bytes.toString().split('\n').filter(Boolean);
    return lines
      .map((line): Event => JSON.parse(line))
      .filter((event) => JSON.stringify(event).includes('chosen'))
      .map((event) => `${event.Type} ${event.Action}`);
  };
  const [network, volume, container] = ['network create', 'volume create', 'container create'];
  assert.deepEqual(await replay({}), [network, volume, container]);
  for (const [filters, expected] of [
    [{ type: ['network'] }, [network]],
    [{ type: ['network', 'volume'] }, [network, volume]],
    [{ event: ['create'] }, [network, volume, container]],
    [{ event: ['destroy'] }, []],
    [{ container: ['chosen'] }, [container]],
    [{ container: [id.slice(0, 12)] }, [container]],
    [{ container: ['other'] }, []],
    [{ network: ['chosen'] }, [network]],
    [{ volume: ['chosen'] }, [volume]],
    [{ label: ['a'] }, [container]],
    [{ label: ['a=b'] }, [container]],
    [{ label: ['a=c'] }, []],
    [{ image: ['busybox'] }, [container]],
    [{ image: ['other'] }, []],
    [{ scope: ['local'] }, [network, volume, container]],
    [{ scope: ['swarm'] }, []],
    [{ daemon: ['x'] }, []],
    [{ plugin: ['x'] }, []],
    [{ service: ['x'] }, []],
    [{ node: ['x'] }, []],
    [{ secret: ['x'] }, []],
    [{ config: ['x'] }, []],
    [{ type: ['container'], event: ['create'], label: ['a=b'] }, [container]],
  ] as const)
    assert.deepEqual(await replay(filters), expected, JSON.stringify(filters));
  await docker.run('rm chosen');
  await docker.run('network rm chosen');
  await docker.run('volume rm chosen');
});

test('a replay is cut to the fraction of a second', async () => {
  await docker.run('network create first');
  await docker.run('network create second');
  await docker.run('network rm first second');
  const everything = await engineRequest(socketPath, 'GET', '/v1.56/events?since=0&until=0s', { headers: { Accept: 'application/jsonl' } });
  const events = everything.bytes
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line): { time: string; event: Event } => ({ time: /"timeNano":(\d+)/.exec(line)?.[1] ?? '', event: JSON.parse(line) }));
  const created = events.find(({ event }) => event.Action === 'create' && event.Actor.Attributes['name'] === 'second');
  assert.ok(created);
  const moment = `${created.time.slice(0, -9)}.${created.time.slice(-9)}`;
  const { bytes } = await engineRequest(socketPath, 'GET', `/v1.56/events?since=${moment}&until=${moment}`, { headers: { Accept: 'application/jsonl' } });
  assert.deepEqual(
    bytes
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as Event).Actor.Attributes['name']),
    ['second'],
  ); // the shape of GET /events
});

test('a prune as a stream says what goes and ends with the report', async () => {
  await docker.run('create --name gone busybox true');
  const id = await docker.inspect('gone', '{{.Id}}');
  const { headers, bytes } = await engineRequest(socketPath, 'POST', '/v1.56/containers/prune?stream=1');
  assert.equal(headers['content-type'], 'application/jsonl');
  const [line, last]: unknown[] = bytes
    .toString()
    .trim()
    .split('\n')
    .map((text): unknown => JSON.parse(text));
  assert.deepEqual(line, { id, status: 'deleted' });
  assert.deepEqual(last, { aux: { ContainersDeleted: [id], SpaceReclaimed: 0 } });
});
