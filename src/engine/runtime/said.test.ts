import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonOf, stateWordOf } from './said.ts';
import { OciRuntimes } from './oci-runtimes.ts';

test('the reason is the last line, without what its runtime writes before it', () => {
  const check = (said: string, expected: string) => assert.equal(reasonOf(said), expected);
  check('2024-01-01T00:00:00.123Z: cannot open `x`: No such file or directory\n', 'cannot open `x`: No such file or directory');
  check('warning\nruntime stderr: no such thing\n', 'no such thing');
  check(
    'time="2024-01-01T00:00:00Z" level=error msg="exec failed: exec: \\"nope\\": executable file not found"\n',
    'exec failed: exec: "nope": executable file not found',
  );
  check('level=error msg="no"', 'no');
  check('', '');
});

test('the state of a container is read from the runtime', () => {
  assert.equal(stateWordOf('{"ociVersion":"1.0.2","status":"created"}'), 'created');
  assert.equal(stateWordOf('level=warning msg="old kernel"\n{\n  "status": "running"\n}\n'), 'running');
  assert.equal(stateWordOf('[]'), undefined);
  assert.equal(stateWordOf('no such container'), undefined);
});

test('a runtime is chosen by its name, or is the default one; an unknown one is refused in words that clients know', () => {
  const traced = { name: 'traced', path: '/opt/traced', args: ['--debug'] };
  const runtimes = new OciRuntimes({ crun: '/usr/bin/crun', others: [traced], fallback: 'traced' });
  assert.deepEqual([runtimes.choose(undefined), runtimes.choose('traced'), runtimes.choose('crun')], ['traced', 'traced', undefined]);
  assert.deepEqual(runtimes.words('traced', '/r'), ['/opt/traced', '--debug', '--root', '/r']);
  assert.deepEqual(runtimes.words(undefined, '/r'), ['/usr/bin/crun', '--root', '/r', '--cgroup-manager=cgroupfs']);
  assert.deepEqual([runtimes.isKnown(undefined), runtimes.isKnown('traced'), runtimes.isKnown('gone')], [true, true, false]);
  const refused = { code: 'RUNTIME_UNKNOWN', message: /^unknown or invalid runtime name: gone \(known here: crun, traced;/ };
  assert.throws(() => runtimes.choose('gone'), refused);
  assert.throws(() => runtimes.words('gone', '/r'), refused);
});
