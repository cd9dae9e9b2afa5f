import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeObject } from './description.ts';

const check = (object: object, expected: string) => assert.equal(`\n${describeObject(object as Record<string, unknown>).join('\n')}\n`, expected);

test('an object is told in words, lists and tables', () =>
  check(
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'default', labels: { app: 'x', tier: 'y' }, managedFields: [{ manager: 'm' }], uid: 'u' },
      spec: {
        containers: [
          { name: 'main', image: 'busybox', command: ['sh', '-c'], resources: { limits: { cpu: '1' } } },
          { name: 'side', image: 'other' },
        ],
        nodeName: 'n1',
      },
      status: { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'False', reason: 'Why', message: 'because' }] },
    },
    `
Name:         web
Namespace:    default
Labels:       app=x
              tier=y
Annotations:  <none>
API version:  v1
Kind:         Pod
Spec:
  Containers:
    - Name:     main
      Image:    busybox
      Command:  sh
                -c
      Resources:
        Limits:  cpu=1
    - Name:   side
      Image:  other
  Node name:  n1
Status:
  Pod IP:  10.0.0.1
  Conditions:
    TYPE    STATUS   REASON   MESSAGE
    Ready   False    Why      because
`,
  ));

test("a Secret's values are not shown", () => {
  const lines = describeObject({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { password: Buffer.from('hidden').toString('base64') },
    type: 'Opaque',
  });
  assert.ok(lines.includes('Data:  password=6 bytes'), lines.join('\n'));
  assert.ok(!lines.join('\n').includes('aGlkZGVu'));
});
