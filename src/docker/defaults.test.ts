import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerSpec } from '#engine';
import { type ContainerDefaults, withDefaults } from './defaults.ts';

const BASE: ContainerSpec = { owner: { kind: 'docker' }, image: 'busybox', network: { kind: 'networks', endpoints: { bridge: {} } } };
const check = (own: Partial<ContainerSpec>, defaults: ContainerDefaults, expected: Partial<ContainerSpec>) =>
  assert.deepEqual(withDefaults({ ...BASE, ...own }, defaults), { ...BASE, ...own, ...expected });

test('without defaults nothing changes', () => check({ init: true, log: { driver: 'none' } }, {}, {}));

test('a container that says nothing gets the default; its own word wins', () => {
  const log = { driver: 'json-file', options: { 'max-size': '1m', 'max-file': '2' } } as const;
  check({}, { log }, { log });
  check(
    { log: { driver: 'json-file', options: { 'max-size': '5m' } } },
    { log },
    { log: { driver: 'json-file', options: { 'max-size': '5m', 'max-file': '2' } } },
  );
  check({ log: { driver: 'local' } }, { log }, {});
  check({}, { dns: { servers: ['192.0.2.53'], options: ['ndots:1'] } }, { dns: { servers: ['192.0.2.53'], options: ['ndots:1'] } });
  check({ dns: { servers: ['192.0.2.54'] } }, { dns: { servers: ['192.0.2.53'], search: ['a'] } }, { dns: { servers: ['192.0.2.54'], search: ['a'] } });
  check({ network: { kind: 'container', id: 'x' } }, { dns: { servers: ['192.0.2.53'] } }, {});
  const nofile = (soft: number) => ({ name: 'nofile', soft, hard: 2048 });
  check({}, { ulimits: [nofile(1024)] }, { resources: { ulimits: [nofile(1024)] } });
  check({ resources: { ulimits: [nofile(9)], pids: 5 } }, { ulimits: [nofile(1024)] }, { resources: { ulimits: [nofile(9)], pids: 5 } });
  check({}, { shmSize_bytes: 1, init: true }, { shmSize_bytes: 1, init: true });
  check({ init: false, shmSize_bytes: 2 }, { shmSize_bytes: 1, init: true }, {});
  check({}, { cgroupNamespace: 'host', ipcMode: 'shareable' }, { namespaces: { cgroup: 'host', ipc: 'shareable' } });
  check({ namespaces: { ipc: 'none' } }, { ipcMode: 'shareable' }, { namespaces: { ipc: 'none' } });
});

test('confinement by default: a privileged container has no filter, and no-new-privileges=false is a word', () => {
  check({}, { noNewPrivileges: true, seccomp: 'unconfined' }, { security: { noNewPrivileges: true, seccomp: 'unconfined' } });
  check({ security: { noNewPrivileges: false, seccomp: 'default' } }, { noNewPrivileges: true, seccomp: 'unconfined' }, {});
  check({ security: { privileged: true } }, { seccomp: '{}' }, {});
});

test('the address of published ports is that of the default network only', () => {
  check({}, { publishAddress: '127.0.0.1' }, { publishAddress: '127.0.0.1' });
  check({ network: { kind: 'networks', endpoints: { front: {} } } }, { publishAddress: '127.0.0.1' }, {});
  check({ network: { kind: 'host' } }, { publishAddress: '127.0.0.1' }, {});
});
