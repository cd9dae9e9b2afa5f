import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeProtobuf } from './decode.ts';

/** Writes wire fields: numbers as varints, texts and nested lists of fields as bytes. */
type Field = readonly [number, number | string | readonly Field[]];
function write(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)]);
      const bytes = typeof value === 'string' ? Buffer.from(value) : write(value);
      return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
    }),
  );
}
function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push(left > 127 ? (left % 128) | 128 : left);
    if (left <= 127) return Buffer.from(bytes);
  }
}
const envelope = (apiVersion: string, kind: string, raw: readonly Field[]) =>
  Buffer.concat([
    Buffer.from('k8s\0', 'latin1'),
    write([
      [
        1,
        [
          [1, apiVersion],
          [2, kind],
        ],
      ],
      [2, raw],
    ]),
  ]);

test('maps, lists, times and inlined parts become the JSON that they stand for', () => {
  const bytes = envelope('v1', 'Pod', [
    [
      1,
      [
        [1, 'p'],
        [8, [[1, 1_700_000_000]]],
        [
          11,
          [
            [1, 'app'],
            [2, 'x'],
          ],
        ],
      ],
    ],
    [
      2,
      [
        [
          1,
          [
            [1, 'vol'],
            [2, [[2, []]]],
          ],
        ],
        [
          2,
          [
            [1, 'main'],
            [
              10,
              [
                [
                  1,
                  [
                    [
                      2,
                      [
                        [1, '/ready'],
                        [
                          2,
                          [
                            [1, 0],
                            [2, 8080],
                          ],
                        ],
                      ],
                    ],
                  ],
                ],
                [2, 5],
              ],
            ],
          ],
        ],
      ],
    ],
  ]);
  assert.deepEqual(decodeProtobuf(bytes), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', creationTimestamp: '2023-11-14T22:13:20Z', labels: { app: 'x' } },
    spec: {
      volumes: [{ name: 'vol', emptyDir: {} }],
      containers: [{ name: 'main', livenessProbe: { httpGet: { path: '/ready', port: 8080 }, initialDelaySeconds: 5 } }],
    },
  });
});
test('the paths of an Ingress stand in its rule', () => {
  const path: Field = [1, '/a'];
  const rule: Field = [
    3,
    [
      [1, 'host'],
      [2, [[1, [[1, [path]]]]]],
    ],
  ];
  assert.deepEqual(decodeProtobuf(envelope('networking.k8s.io/v1', 'Ingress', [[2, [rule]]])).spec, {
    rules: [{ host: 'host', http: { paths: [{ path: '/a' }] } }],
  });
});
test('a zero that was said is kept, one that nobody said is not', () => {
  assert.deepEqual(
    decodeProtobuf(
      envelope('apps/v1', 'Deployment', [
        [
          2,
          [
            [1, 0],
            [5, 0],
          ],
        ],
      ]),
    ),
    { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 0 } },
  );
});
test('which zeros are said is known of each field', () => {
  const specOf = (apiVersion: string, kind: string, spec: readonly Field[]) => decodeProtobuf(envelope(apiVersion, kind, [[2, spec]])).spec;
  assert.deepEqual(
    specOf('storage.k8s.io/v1', 'CSIDriver', [
      [1, 0],
      [2, 0],
    ]),
    { attachRequired: false, podInfoOnMount: false },
  );
  assert.deepEqual(
    specOf('v1', 'PersistentVolumeClaim', [
      [3, ''],
      [5, ''],
    ]),
    { storageClassName: '' },
  );
  assert.deepEqual(specOf('policy/v1', 'PodDisruptionBudget', [[3, [[2, 0]]]]), { maxUnavailable: 0 });
});
test('what is cut short, unknown or something else is refused', () => {
  assert.throws(() => decodeProtobuf(Buffer.from('{}')), /does not begin/);
  assert.throws(() => decodeProtobuf(envelope('v9', 'Pod', [])), /Cannot read Pod of v9 in protocol buffers/);
  assert.throws(() => decodeProtobuf(envelope('v1', 'Pod', [[1, 'garbage that is no message']])), /Cannot read the request body as protocol buffers/);
});
