import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoted, UNIT_MARK, unitText } from './unit.ts';
import { upWords } from './up-words.ts';

/** Sections and keys; a key that stands twice has its values in a list. */
function parse(text: string): Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> {
  const sections: Record<string, Record<string, string[]>> = {};
  let section: Record<string, string[]> = {};
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const name = /^\[(.+)\]$/.exec(line)?.[1];
    if (name !== undefined) section = sections[name] = {};
    else {
      const [key = '', value = ''] = line.split(/=(.*)/s, 2);
      section[key] = [...(section[key] ?? []), value];
    }
  }
  return sections;
}

test('the unit keeps containers when the daemon stops, and says when it is ready', () => {
  const text = unitText({ command: ['/n/node', '/g/main.ts', 'up', '--parts', 'engine'], environment: { A: 'b', C: 'd e' } });
  assert.ok(text.startsWith(UNIT_MARK));
  const { Unit, Service, Install } = parse(text);
  assert.deepEqual(Unit?.['After'], ['network-online.target nss-lookup.target time-set.target']);
  assert.deepEqual(Unit['Wants'], ['network-online.target']);
  const expected = {
    Type: 'notify',
    NotifyAccess: 'main',
    ExecStart: '/n/node /g/main.ts up --parts engine',
    Restart: 'on-failure',
    KillMode: 'process',
    Delegate: 'yes',
    LimitNOFILE: '1048576',
  };
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(Service?.[key], [value], key);
  assert.deepEqual(Service?.['Environment'], ['A=b', '"C=d e"']);
  assert.deepEqual(Install?.['WantedBy'], ['multi-user.target']);
});

test('words are written so that systemd reads them as they are', () => {
  const check = (word: string, expected: string) => assert.equal(quoted(word), expected);
  check('--host=tcp://0.0.0.0:2376', '--host=tcp://0.0.0.0:2376');
  check('a b', '"a b"');
  check('100%', '100%%');
  check('$HOME', '"$$HOME"');
  check('say "x"', '"say \\"x\\""');
  check('back\\slash', 'back\\\\slash');
  check('', '""');
  check('a;b', '"a;b"');
  assert.equal(quoted('A=$b', false), '"A=$b"');
});

test('options of gantry up are checked and their paths absolute', () => {
  const check = (given: readonly string[], ...expected: readonly string[]) => assert.deepEqual(upWords(given), expected);
  check([]);
  check(
    ['--data-dir', '/srv', '-H', 'tcp://:1', '--host', 'unix:///x', '--tlsverify'],
    '--data-dir',
    '/srv',
    '--host',
    'tcp://:1',
    '--host',
    'unix:///x',
    '--tlsverify=true',
  );
  check(['--tls=false', '--daemon-json', 'd.json'], '--daemon-json', `${process.cwd()}/d.json`, '--tls=false');
  for (const wrong of [['--detach'], ['--ready-fd', '3'], ['--bogus'], ['operand']]) assert.throws(() => upWords(wrong), { code: 'USAGE' });
});
