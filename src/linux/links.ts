import { closeSync, existsSync, openSync } from 'node:fs';
import { KeyedMutex } from '#kit';
import { runCommand } from './command.ts';
import { CommandError } from './errors.ts';
import type { Libc } from './libc.ts';
import { deleteLink, newAddress, newBridge, newDefaultRoute, newVeth, raiseLink } from './netlink.ts';
import { type RouteRequest, RouteSocket } from './route-socket.ts';
import type { BridgeRequest, Links, Namespaces, VethRequest } from './types.ts';

/** Links by rtnetlink and `ip`. */
export function createLinks(libc: Libc, namespaces: Namespaces): Links {
  const here = new HostSocket(libc);
  const ip = (args: readonly string[], input: string, namespace?: string) =>
    runCommand('ip', args, input, (spawnNow) => (namespace === undefined ? spawnNow() : namespaces.run(namespace, spawnNow)));
  return {
    async attachVeth(request) {
      await here.use(async (socket) => {
        await addVeth(libc, socket, request);
        try {
          await configurePeer(libc, namespaces, request);
        } catch (error) {
          await socket.request([removal(request.hostName)], ['ENODEV']);
          throw error;
        }
      });
    },
    addBridge: (request) => here.use((socket) => addBridge(libc, socket, request)),
    async remove(name) {
      await here.use((socket) => socket.request([removal(name)], ['ENODEV']));
    },
    async batch(lines, options = {}) {
      if (lines.length === 0) return;
      const { exitCode, stderr } = await ip([...(options.force ? ['-force'] : []), '-batch', '-'], `${lines.join('\n')}\n`, options.namespace);
      if (exitCode === 0 || options.force) return;
      throw new CommandError('ip', batchProblem(lines, stderr));
    },
    async show(what, options = {}) {
      const { exitCode, stdout, stderr } = await ip(
        what === 'route6' ? ['-6', '-j', '-d', 'route', 'show'] : ['-j', '-d', what, 'show'],
        '',
        options.namespace,
      );
      if (exitCode !== 0) throw new CommandError(`ip ${what} show`, stderr.trim());
      // A cast because `ip -j` is documented to print an array of objects.
      return JSON.parse(stdout === '' ? '[]' : stdout) as Record<string, unknown>[];
    },
  };
}

/** A netlink socket where the process stands, for one at a time: the kernel works on one change at a time anyway, and each waits on a thread of the pool. */
class HostSocket {
  readonly #mutex = new KeyedMutex();
  readonly #libc: Libc;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  use<T>(task: (socket: RouteSocket) => Promise<T>): Promise<T> {
    return this.#mutex.run('', async () => {
      using socket = new RouteSocket(this.#libc);
      return await task(socket);
    });
  }
}

async function addVeth(libc: Libc, socket: RouteSocket, request: VethRequest): Promise<void> {
  const { hostName, bridge, alias, interfaceName, macAddress } = request;
  const mtu = request.mtu === undefined ? {} : { mtu: request.mtu };
  const namespaceFd = openSync(request.namespace, 'r');
  try {
    const pair = newVeth({ name: hostName, masterIndex: indexOf(libc, bridge), ...mtu }, { name: interfaceName, macAddress, namespaceFd, ...mtu });
    await socket.request([{ words: `Attaching ${interfaceName} of ${request.namespace} to ${bridge} as ${hostName}`, message: pair }]);
  } finally {
    closeSync(namespaceFd);
  }
  await socket.request([
    { words: `Bringing ${hostName} up`, message: raiseLink(hostName, { alias, hairpin: true, noLinkLocal: hasIpv6(), isolated: request.apart ?? false }) },
  ]);
}

async function configurePeer(libc: Libc, namespaces: Namespaces, request: VethRequest): Promise<void> {
  const { namespace, interfaceName, address, prefixLength, gateway, ipv6 } = request;
  const [index, inside] = namespaces.run(namespace, () => [indexOf(libc, interfaceName), new RouteSocket(libc)] as const);
  using socket = inside;
  const requests: RouteRequest[] = [
    { words: `Bringing ${interfaceName} of ${namespace} up`, message: raiseLink(interfaceName, { noLinkLocal: ipv6 === undefined && hasIpv6() }) },
    { words: `Giving ${address}/${prefixLength} to ${interfaceName} of ${namespace}`, message: newAddress(index, address, prefixLength) },
  ];
  if (ipv6 !== undefined) {
    const words = `Giving ${ipv6.address}/${ipv6.prefixLength} to ${interfaceName} of ${namespace}`;
    requests.push({ words, message: newAddress(index, ipv6.address, ipv6.prefixLength) });
  }
  for (const way of [gateway, ipv6?.gateway]) if (way !== undefined) requests.push({ words: `Routing ${namespace} by ${way}`, message: newDefaultRoute(way) });
  await socket.request(requests);
}

async function addBridge(libc: Libc, socket: RouteSocket, request: BridgeRequest): Promise<boolean> {
  const { name, alias, macAddress, addresses } = request;
  const link = { name, macAddress, ...(request.mtu === undefined ? {} : { mtu: request.mtu }) };
  const passed = await socket.request([{ words: `Adding bridge ${name}`, message: newBridge(link) }], ['EEXIST']);
  if (passed.length > 0) return false;
  try {
    await socket.request([
      { words: `Bringing ${name} up`, message: raiseLink(name, { alias, noLinkLocal: hasIpv6() }) },
      ...addresses.map((each) => {
        const [address = '', length] = each.split('/');
        return { words: `Giving ${each} to ${name}`, message: newAddress(indexOf(libc, name), address, Number(length)) };
      }),
    ]);
    return true;
  } catch (error) {
    await socket.request([removal(name)], ['ENODEV']);
    throw error;
  }
}

function hasIpv6(): boolean {
  return existsSync('/proc/sys/net/ipv6');
}

function removal(name: string): RouteRequest {
  return { words: `Removing link ${name}`, message: deleteLink(name) };
}

function indexOf(libc: Libc, name: string): number {
  const index = libc.if_nametoindex(name);
  if (index === 0) throw new CommandError(`Looking up link ${name}`, 'there is no link of that name here');
  return index;
}

/** `Command failed -:3` becomes the third line. */
function batchProblem(lines: readonly string[], stderr: string): string {
  const number = /Command failed -:(\d+)/.exec(stderr)?.[1];
  const line = number === undefined ? undefined : lines[Number(number) - 1];
  const problem = stderr.replace(/\s*Command failed -:\d+\s*/, '').trim();
  return line === undefined ? problem : `line ${number} (${line}): ${problem}`;
}
