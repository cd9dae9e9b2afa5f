import { closeSync } from 'node:fs';
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import { CommandError, SystemCallError } from './errors.ts';
import { checked, type Libc } from './libc.ts';
import { parseAcknowledgements, sequenced } from './netlink.ts';

const [AF_NETLINK, SOCK_RAW, SOCK_CLOEXEC] = [16, 3, 0o2000000];
const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;
const [SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK] = [270, 10, 11];

/** One change for the kernel; `words` says it in an error. */
export interface RouteRequest {
  readonly words: string;
  readonly message: Buffer;
}

/**
 * A netlink socket of the namespace in which it was opened, wherever it is used from. Requests run on the thread pool: the
 * kernel may wait for its network lock. One user at a time.
 */
export class RouteSocket implements Disposable {
  readonly #libc: Libc;
  readonly #fd: number;

  constructor(libc: Libc, family: typeof NETLINK_ROUTE | typeof NETLINK_NETFILTER = NETLINK_ROUTE) {
    this.#libc = libc;
    this.#fd = checked(libc, libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family), 'socket', 'open a netlink socket');
    const on = Buffer.from([1, 0, 0, 0]);
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) {
      checked(libc, libc.setsockopt(this.#fd, SOL_NETLINK, option, on, 4), 'setsockopt', 'set up a netlink socket');
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  /** Sends all at once; throws the first that the kernel refused, unless its errno (such as `ENODEV`) is in `fine`. Answers the errnos passed over. */
  async request(requests: readonly RouteRequest[], fine: readonly string[] = []): Promise<readonly string[]> {
    const bytes = sequenced(requests.map(({ message }) => message));
    await this.#call('send', (done) => this.#libc.send.async(this.#fd, bytes, bytes.length, 0, done));
    const passed: string[] = [];
    let refusal: Error | undefined;
    for (let answered = 0; answered < requests.length; ) {
      const buffer = Buffer.alloc(16_384);
      const length = await this.#call('recv', (done) => this.#libc.recv.async(this.#fd, buffer, buffer.length, 0, done));
      for (const { sequence, errno, problem } of parseAcknowledgements(buffer.subarray(0, length))) {
        answered += 1;
        if (errno === 0) continue;
        const name = getSystemErrorName(-errno);
        if (fine.includes(name)) passed.push(name);
        else
          refusal ??= new CommandError(requests[sequence - 1]?.words ?? 'rtnetlink', `${problem ?? getSystemErrorMessage(-errno)} (${name})`, {
            errnoName: name,
          });
      }
    }
    if (refusal) throw refusal;
    return passed;
  }

  #call(name: string, start: (done: (error: Error | null, result: number) => void) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      start((error, result) => {
        if (error) reject(error);
        else if (result < 0) reject(new SystemCallError('talk to the kernel by netlink', name, this.#libc.errno()));
        else resolve(result);
      });
    });
  }
}
