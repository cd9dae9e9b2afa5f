import { status } from '@grpc/grpc-js';
import type { Random } from '#kit';
import { leaseNotFound } from '../errors.ts';
import type { Lease, LeaseId } from '../types.ts';
import { type EtcdConnection, isServiceError } from './connection.ts';
import { readFields, WireWriter } from './wire.ts';

const SERVICE = '/etcdserverpb.Lease/';
/** As many bits as a number holds exactly. */
const ID_DIGITS = 13;

/** etcd's Lease service; the numbers of fields are those of its rpc.proto. */
export class EtcdLeases {
  readonly #connection: EtcdConnection;
  readonly #random: Random;

  constructor(connection: EtcdConnection, random: Random) {
    this.#connection = connection;
    this.#random = random;
  }

  /** The id is chosen here, so that a repeated question is known as such. */
  async grant(ttl_s: number): Promise<Pick<Lease, 'id' | 'ttl_s'>> {
    if (!(Number.isSafeInteger(ttl_s) && ttl_s > 0)) throw new RangeError(`a lease of ${ttl_s} seconds can not be granted`);
    const id = Number.parseInt(this.#random.hex(ID_DIGITS), 16) + 1;
    try {
      const { value } = await this.#connection.ask(`${SERVICE}LeaseGrant`, new WireWriter().number(1, ttl_s).number(2, id).finish(), decodeLease);
      return { id, ttl_s: value.left_s };
    } catch (error) {
      // Two ids of so many bits are not the same: an attempt whose answer was lost was done.
      if (!(isServiceError(error) && error.code === status.FAILED_PRECONDITION)) throw error;
      return { id, ttl_s: (await this.find(id)).ttl_s };
    }
  }

  /** Errors: `LEASE_NOT_FOUND`. */
  async keepAlive(id: LeaseId): Promise<void> {
    // A stream of questions, of which one is enough.
    const { value } = await this.#connection.ask(`${SERVICE}LeaseKeepAlive`, new WireWriter().number(1, id).finish(), decodeLease);
    if (value.left_s <= 0) throw leaseNotFound(id);
  }

  /** Errors: `LEASE_NOT_FOUND`. */
  async revoke(id: LeaseId): Promise<void> {
    let attempts = 0;
    const count = () => void attempts++;
    try {
      await this.#connection.ask(`${SERVICE}LeaseRevoke`, new WireWriter().number(1, id).finish(), () => undefined, { onAttempt: count });
    } catch (error) {
      if (!isLeaseMissing(error)) throw error;
      // An attempt whose answer was lost may have ended it.
      if (attempts < 2) throw leaseNotFound(id);
    }
  }

  /** Keys with the whole names that they have in etcd. Errors: `LEASE_NOT_FOUND`. */
  async find(id: LeaseId): Promise<Lease> {
    const { value } = await this.#connection.ask(`${SERVICE}LeaseTimeToLive`, new WireWriter().number(1, id).flag(2, true).finish(), decodeLease);
    if (value.left_s < 0 || value.ttl_s === 0) throw leaseNotFound(id);
    return { id, ...value, keys: value.keys.sort() };
  }
}

/** Whether etcd refuses because there is no such lease. */
export function isLeaseMissing(error: unknown): boolean {
  return isServiceError(error) && error.code === status.NOT_FOUND && error.details.includes('lease not found');
}

/** What the answers have in common: field 3 is the time that is left, below 0 where there is no such lease. */
function decodeLease(bytes: Buffer): { readonly ttl_s: number; readonly left_s: number; readonly keys: string[] } {
  const lease = { ttl_s: 0, left_s: 0 };
  const keys: string[] = [];
  for (const { number, value, bytes: inner } of readFields(bytes)) {
    if (number === 3) lease.left_s = value > Number.MAX_SAFE_INTEGER ? -1 : value;
    else if (number === 4) lease.ttl_s = value;
    else if (number === 5) keys.push(inner.toString());
  }
  return { ...lease, keys };
}
