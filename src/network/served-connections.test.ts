import assert from 'node:assert/strict';
import { test } from 'node:test';
import { servedConnections } from './served-connections.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const TCP4 = `${HEAD}   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   2: 0200580A:0050 0158580A:9C40 01 00000000:00000000 00:00000000 00000000     0        0 2 1
   3: 0200580A:0050 0158580A:9C42 06 00000000:00000000 00:00000000 00000000     0        0 0 3
   4: 0200580A:C350 0358580A:0050 01 00000000:00000000 00:00000000 00000000     0        0 4 1
`;
const TCP6 = `${HEAD}   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 5 1
   1: 0000000000000000FFFF00000200580A:1F90 0000000000000000FFFF00000158580A:9C44 01 00000000:00000000 00:00000000 00000000  0 0 6 1
`;

test('connections to a port on which somebody listens count, in either family; those that were begun inside or have ended do not', () => {
  assert.equal(servedConnections([TCP4, TCP6]), 2);
  assert.equal(servedConnections([TCP4]), 1);
  assert.equal(servedConnections([HEAD, '']), 0);
});
