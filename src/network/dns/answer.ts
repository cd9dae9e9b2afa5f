import dnsPacket, { type Answer, type DecodedPacket, type Packet } from 'dns-packet';
import type { DnsAnswer, DnsRecord } from '../types.ts';

/** Response codes of RFC 1035 section 4.1.1. */
export const RCODE = { ok: 0, formatError: 1, serverFailure: 2, noSuchName: 3, notImplemented: 4 } as const;

const PLAIN_UDP_BYTES = 512;
const UDP_BYTES_MAX = 4096;

/** The query, or undefined when the bytes are none. */
export function readQuery(bytes: Buffer): DecodedPacket | undefined {
  try {
    const packet = dnsPacket.decode(bytes);
    return packet.type === 'query' ? packet : undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** The response to a query, as bytes of at most `bytesMax`; cut short and marked so when it would be longer. Pure. */
export function encodeAnswer(query: DecodedPacket, answer: DnsAnswer | { readonly kind: 'failed'; readonly rcode: number }, bytesMax: number): Buffer {
  const rcode = answer.kind === 'failed' ? answer.rcode : answer.kind === 'no-such-name' ? RCODE.noSuchName : RCODE.ok;
  const authoritative = answer.kind === 'failed' ? 0 : dnsPacket.AUTHORITATIVE_ANSWER;
  const recursion = ((query.flags ?? 0) & dnsPacket.RECURSION_DESIRED) | dnsPacket.RECURSION_AVAILABLE;
  const response: Packet = {
    type: 'response',
    id: query.id ?? 0,
    flags: recursion | authoritative | rcode,
    questions: query.questions ?? [],
    answers: answer.kind === 'records' ? answer.records.map(toAnswer) : [],
    additionals: query.additionals?.some(({ type }) => type === 'OPT') ? [OPT] : [],
  };
  const whole = dnsPacket.encode(response);
  if (whole.length <= bytesMax) return whole;
  return dnsPacket.encode({ ...response, flags: (response.flags ?? 0) | dnsPacket.TRUNCATED_RESPONSE, answers: [] });
}

/** How much the client takes in one datagram (RFC 6891). */
export function udpBytesMax(query: DecodedPacket): number {
  const opt = query.additionals?.find((record) => record.type === 'OPT');
  return opt?.type === 'OPT' ? Math.min(UDP_BYTES_MAX, Math.max(PLAIN_UDP_BYTES, opt.udpPayloadSize)) : PLAIN_UDP_BYTES;
}

/** A response without a question, for bytes that could not be read; undefined when not even their id can. */
export function encodeFormatError(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 12 || (bytes.readUInt16BE(2) & 0x8000) !== 0) return undefined;
  return dnsPacket.encode({ type: 'response', id: bytes.readUInt16BE(0), flags: RCODE.formatError });
}

const OPT: Answer = { type: 'OPT', name: '.', udpPayloadSize: UDP_BYTES_MAX, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] };

function toAnswer({ name, type, ttl_seconds, data }: DnsRecord): Answer {
  // A cast because DnsRecord leaves the data's form, which goes with the type, to the one who answers.
  return { name, type, ttl: ttl_seconds, class: 'IN', data } as Answer;
}
