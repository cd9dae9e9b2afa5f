import assert from 'node:assert/strict';
import { test } from 'node:test';
import dnsPacket, { type Packet } from 'dns-packet';
import type { DnsAnswer } from '../types.ts';
import { encodeAnswer, encodeFormatError, readQuery, udpBytesMax } from './answer.ts';
import { parseNameServers } from './forward.ts';
import { frame, FrameReader } from './frames.ts';

const query = (more: Packet = {}) => {
  const read = readQuery(dnsPacket.encode({ type: 'query', id: 5, flags: dnsPacket.RECURSION_DESIRED, questions: [{ type: 'A', name: 'web' }], ...more }));
  assert.ok(read);
  return read;
};

test('answers', () => {
  const check = (answer: DnsAnswer, rcode: number, count: number) => {
    const response = dnsPacket.decode(encodeAnswer(query(), answer, 512));
    assert.deepEqual(
      [response.id, (response.flags ?? 0) & 0xf, response.answers?.length, response.flag_aa, response.flag_ra, response.flag_rd],
      [5, rcode, count, true, true, true],
    );
  };
  check({ kind: 'records', records: [{ name: 'web', type: 'A', ttl_seconds: 5, data: '10.0.0.1' }] }, 0, 1);
  check({ kind: 'records', records: [{ name: 'web', type: 'SRV', ttl_seconds: 5, data: { priority: 0, weight: 1, port: 80, target: 'x' } }] }, 0, 1);
  check({ kind: 'records', records: [] }, 0, 0);
  check({ kind: 'no-such-name' }, 3, 0);
});

test('a long answer is cut and marked; EDNS allows more', () => {
  const records = Array.from({ length: 60 }, (_, n) => ({ name: 'web', type: 'A' as const, ttl_seconds: 5, data: `10.0.0.${n}` }));
  const answer: DnsAnswer = { kind: 'records', records };
  const cut = dnsPacket.decode(encodeAnswer(query(), answer, udpBytesMax(query())));
  assert.deepEqual([cut.flag_tc, cut.answers?.length], [true, 0]);
  const wide = query({
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 4096, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }],
  });
  const whole = dnsPacket.decode(encodeAnswer(wide, answer, udpBytesMax(wide)));
  assert.deepEqual([whole.flag_tc, whole.answers?.length, whole.additionals?.[0]?.type], [false, 60, 'OPT']);
});

test('what is no query', () => {
  assert.equal(readQuery(Buffer.from('nonsense')), undefined);
  assert.equal(encodeFormatError(Buffer.from('short')), undefined);
  const error = encodeFormatError(Buffer.concat([Buffer.from([0, 9, 1, 0]), Buffer.alloc(8)]));
  assert.ok(error);
  assert.equal((dnsPacket.decode(error).flags ?? 0) & 0xf, 1);
});

test('frames of a stream, in any pieces', () => {
  const seen: string[] = [];
  const reader = new FrameReader((message) => seen.push(message.toString()));
  const bytes = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.from('')), frame(Buffer.from('three'))]);
  for (const byte of bytes) reader.push(Buffer.from([byte]));
  reader.push(bytes);
  assert.deepEqual(seen, ['one', '', 'three', 'one', '', 'three']);
});

test('name servers of resolv.conf', () => {
  assert.deepEqual(parseNameServers('# nameserver 9.9.9.9\nsearch x\nnameserver 1.1.1.1 # c\n nameserver fe80::1%eth0\nnameserver 2606::1\nnameserver dns\n'), [
    '1.1.1.1',
    'fe80::1',
    '2606::1',
  ]);
});
