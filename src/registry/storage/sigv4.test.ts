import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizationOf, sha256 } from './sigv4.ts';

const CREDENTIALS = { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const SCOPE = { region: 'us-east-1', timestamp: '20130524T000000Z' };
const HEADERS = { host: 'examplebucket.s3.amazonaws.com', 'x-amz-content-sha256': sha256(''), 'x-amz-date': '20130524T000000Z' };

// The worked examples of the specification.
function check(request: { path: string; query: Record<string, string>; headers: Record<string, string> }, signature: string) {
  const signed = authorizationOf({ method: 'GET', payloadHash: sha256(''), ...request }, SCOPE, CREDENTIALS);
  assert.equal(/Signature=(.*)/.exec(signed)?.[1], signature);
}

test('signatures are those of the worked examples of the specification', () => {
  check({ path: '/test.txt', query: {}, headers: { ...HEADERS, range: 'bytes=0-9' } }, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
  check({ path: '/', query: { lifecycle: '' }, headers: HEADERS }, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543');
  check({ path: '/', query: { 'max-keys': '2', prefix: 'J' }, headers: HEADERS }, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
});
