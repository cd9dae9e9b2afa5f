import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkVolumeOptions, mountWords, serverName, shownOptions, volumeMount } from './volume-options.ts';

for (const [options, said] of [
  [{ kind: 'x' }, /^create v: invalid option: "kind"/],
  [{ type: 'tmpfs' }, /^create v: missing required option: "device"/],
  [{ device: '/x' }, /^create v: missing required option: "type"/],
  [{ o: 'bind' }, /^create v: missing required option: "device"/],
  [{ type: 'none', device: '' }, /missing device in volume options/],
  [{ size: '10m' }, /quota size requested but no quota support/],
  [{ type: 'none', o: 'bind', device: 'here' }, /must be an absolute path/],
  [{ type: 'tmpfs', device: 'tmpfs', o: 'size=1m' }, undefined],
  [{ type: 'nfs', device: ':/x', o: 'addr=10.0.0.1' }, undefined],
] as const)
  test(`volume options ${JSON.stringify(options)}`, () => {
    if (said === undefined) checkVolumeOptions('v', options);
    else assert.throws(() => checkVolumeOptions('v', options), { message: said });
  });

test('options of mount(8) as flags and data', () => {
  assert.deepEqual(mountWords('rw,ro,nosuid,size=10m,,uid=1000'), { flags: ['ro', 'nosuid'], data: 'size=10m,uid=1000' });
  assert.deepEqual(mountWords('rbind,rslave'), { flags: ['bind', 'rec', 'slave'], data: '' });
  assert.deepEqual(volumeMount({ type: 'none', device: '/x', o: 'bind' }, '/v'), { source: '/x', target: '/v', flags: ['bind'] });
  assert.deepEqual(volumeMount({ type: 'tmpfs', device: 'tmpfs', o: 'size=1m' }, '/v'), { source: 'tmpfs', target: '/v', type: 'tmpfs', options: 'size=1m' });
});

test('servers by name, and secrets', () => {
  assert.equal(serverName({ type: 'nfs', o: 'rw,addr=files.example.org' }), 'files.example.org');
  assert.equal(serverName({ type: 'nfs', o: 'addr=10.0.0.1' }), undefined);
  assert.equal(serverName({ type: 'nfs', o: 'addr=fd00::1' }), undefined);
  assert.equal(serverName({ type: 'ext4', o: 'addr=x' }), undefined);
  assert.equal(shownOptions('username=a,password=b,pass=c'), 'username=a,password=********,pass=********');
});
