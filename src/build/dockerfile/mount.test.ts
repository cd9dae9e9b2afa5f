import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MountError, parseMount } from './mount.ts';

const OWNER = { uid: 0, gid: 0 };
const CACHE = { type: 'cache', sharing: 'shared', readOnly: false, mode: 0o755, ...OWNER };

describe('parseMount', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['target=/x', { type: 'bind', target: '/x', readWrite: false }],
    ['type=bind', { type: 'bind', target: '.', readWrite: false }],
    ['from=b', { type: 'bind', target: '.', from: 'b', readWrite: false }],
    ['type=cache,target=', { ...CACHE, target: '.' }],
    ['type=bind,src=a,dst=/x,from=b,rw', { type: 'bind', source: 'a', target: '/x', from: 'b', readWrite: true }],
    ['type=bind,source=a,destination=x,readwrite=false', { type: 'bind', source: 'a', target: 'x', readWrite: false }],
    ['TYPE=Bind,target=/x,ro=false', { type: 'bind', target: '/x', readWrite: true }],
    ['target=/x,rw,ro', { type: 'bind', target: '/x', readWrite: false }],
    ['type=cache,target=/x', { ...CACHE, target: '/x' }],
    [
      'type=cache,id=i,target=/x,sharing=LOCKED,ro,from=b,source=/s,mode=0700,uid=1,gid=2',
      { ...CACHE, id: 'i', target: '/x', sharing: 'locked', readOnly: true, from: 'b', source: '/s', mode: 0o700, uid: 1, gid: 2 },
    ],
    ['type=tmpfs,target=/x', { type: 'tmpfs', target: '/x' }],
    ['type=tmpfs,target=/x,size=64m', { type: 'tmpfs', target: '/x', size_bytes: 64 * 2 ** 20 }],
    ['type=tmpfs,target=/x,size=1.5GiB,ro', { type: 'tmpfs', target: '/x', size_bytes: 1.5 * 2 ** 30, readOnly: true }],
    ['type=tmpfs,target=/x,size=1024', { type: 'tmpfs', target: '/x', size_bytes: 1024 }],
    ['type=secret,id=s', { type: 'secret', id: 's', required: false, mode: 0o400, ...OWNER }],
    ['type=secret,target=/x/s', { type: 'secret', target: '/x/s', required: false, mode: 0o400, ...OWNER }],
    ['type=secret,src=s,env=TOKEN,required', { type: 'secret', id: 's', environment: 'TOKEN', required: true, mode: 0o400, ...OWNER }],
    ['type=secret,id=s,target=/x,required=false,mode=444,uid=5', { type: 'secret', id: 's', target: '/x', required: false, mode: 0o444, uid: 5, gid: 0 }],
    ['type=ssh', { type: 'ssh', required: false, mode: 0o600, ...OWNER }],
    ['type=ssh,id=k,target=/a.sock,required=true,gid=7', { type: 'ssh', id: 'k', target: '/a.sock', required: true, mode: 0o600, uid: 0, gid: 7 }],
    ['type=bind,"source=a,b","target=/""q"""', { type: 'bind', source: 'a,b', target: '/"q"', readWrite: false }],
    ['target=/x,id=i,env=E', { type: 'bind', target: '/x', readWrite: false }],
    ['type=tmpfs,target=/x,source=/s,from=b,id=i', { type: 'tmpfs', target: '/x' }],
    ['type=cache,target=/$X,uid=$U', { ...CACHE, target: '/$X' }],
  ];
  for (const [text, expected] of cases) it(text, () => assert.deepEqual(parseMount(text), expected));

  it('expands what may have variables', () =>
    assert.deepEqual(
      parseMount('type=cache,target=/$X,uid=$U', (text) => text.replace('$X', 'x').replace('$U', '9')),
      { ...CACHE, target: '/x', uid: 9 },
    ));

  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /invalid field '' must be a key=value pair/],
    ['type=bimd,target=/x', /unsupported mount type "bimd" \(did you mean bind\?\)/],
    ['target=/', /invalid mount target "\/"/],
    ['target=/a/..', /invalid mount target/],
    ['tarket=/x', /unexpected key 'tarket' in 'tarket=\/x' \(did you mean target\?\)/],
    ['target', /invalid field 'target' must be a key=value pair/],
    ['target=/x,from=$X', /'from' doesn't support variable expansion, define alias stage instead/],
    ['target=/x,size=1', /unexpected key 'size' for mount type 'bind'/],
    ['target=/x,uid=1', /unexpected key 'uid' for mount type 'bind'/],
    ['target=/x,sharing=locked', /unexpected key 'sharing' for mount type 'bind'/],
    ['target=/x,ro=maybe', /invalid value for readonly: maybe/],
    ['type=cache,target=/x,sharing=lockd', /unsupported sharing value "lockd" \(did you mean locked\?\)/],
    ['type=cache,target=/x,mode=9', /invalid value 9 for mode/],
    ['type=cache,target=/x,uid=root', /invalid value root for uid/],
    ['type=cache,target=/x,uid=99999999999', /invalid value 99999999999 for uid/],
    ['type=cache,target=/x,required', /unexpected key 'required' for mount type 'cache'/],
    ['type=tmpfs,target=/x,size=big', /invalid value for size: big/],
    ['type=secret', /invalid secret mount. one of source, target required/],
    ['type=secret,id=a,src=b', /both source and id can't be set/],
    ['type=secret,id=a,from=b', /unexpected key 'from' for mount type 'secret'/],
    ['type=ssh,source=a', /unexpected key 'source' for mount type 'ssh'/],
    ['"target=/x', /a quote is not closed/],
  ];
  for (const [text, message] of refused)
    it(`refuses ${text}`, () =>
      assert.throws(
        () => parseMount(text),
        (error) => error instanceof MountError && message.test(error.message) && error.remedy !== '',
      ));

  it('answers or refuses every text', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('type=', 'cache', 'bind', 'target=/x', ',', '"', '=', '$', 'ro', 'uid=', '1', 'id'), maxLength: 12 }),
        (text) => {
          try {
            parseMount(text, (value) => value);
          } catch (error) {
            assert.ok(error instanceof MountError);
          }
        },
      ),
      { numRuns: 2000 },
    ));
});
