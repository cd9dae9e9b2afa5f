const [ESTABLISHED, LISTENING] = ['01', '0A'];

/**
 * How many connections stand at ports on which somebody listens, by /proc/net/tcp and tcp6 (proc_pid_net(5)): those that a server is
 * serving, or has yet to take. Pure.
 */
export function servedConnections(tables: readonly string[]): number {
  const sockets = tables
    .flatMap((table) => table.split('\n').slice(1))
    .flatMap((line) => {
      const [, local = '', , state = ''] = line.trim().split(/\s+/);
      return state === '' ? [] : [{ port: local.slice(local.lastIndexOf(':') + 1), state }];
    });
  const listening = new Set(sockets.filter(({ state }) => state === LISTENING).map(({ port }) => port));
  return sockets.filter(({ state, port }) => state === ESTABLISHED && listening.has(port)).length;
}
