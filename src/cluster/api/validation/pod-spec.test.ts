import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyDefaults, decode, findKind, type KubeObject, StatusError, type V1Pod, type V1Service, validateCreate } from '../index.ts';

function take(kind: 'Pod' | 'Service', spec: object): KubeObject {
  const resource = findKind('v1', kind);
  assert.ok(resource);
  const object = applyDefaults(resource, decode(resource, { metadata: { name: 'x' }, spec }, { fieldValidation: 'Strict' }).object);
  validateCreate(resource, object);
  return object;
}
const container = (fields: object) => take('Pod', { containers: [{ name: 'c', image: 'i', ...fields }] }) as V1Pod; // decoded by its model
const refuses = (make: () => unknown, words: RegExp) =>
  assert.throws(make, (error) => error instanceof StatusError && error.status === 422 && words.test(error.message), String(words));

test('a probe that says 0 says nothing', () => {
  const probe = { tcpSocket: { port: 80 }, periodSeconds: 0, timeoutSeconds: 0, successThreshold: 0, failureThreshold: 0 };
  const { readinessProbe } = container({ readinessProbe: probe }).spec?.containers[0] ?? {};
  assert.deepEqual(readinessProbe, { tcpSocket: { port: 80 }, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 });
});

test('a probe knows where to', () => {
  refuses(() => container({ readinessProbe: { httpGet: {} } }), /readinessProbe\.httpGet\.port: Invalid value: 0: must be between 1 and 65535/);
  refuses(() => container({ livenessProbe: { tcpSocket: { port: 70000 } } }), /livenessProbe\.tcpSocket\.port: Invalid value: 70000/);
  refuses(() => container({ livenessProbe: { exec: { command: [] } } }), /livenessProbe\.exec\.command: Required value/);
  refuses(() => container({ livenessProbe: { httpGet: { port: 'Web Site' } } }), /livenessProbe\.httpGet\.port: Invalid value: "Web Site"/);
  container({ readinessProbe: { httpGet: { port: 'http' } } });
});

test('ports have names that a Service can call them by, each once', () => {
  refuses(() => container({ ports: [{ name: 'Bad_Name', containerPort: 1 }] }), /ports\[0\]\.name: Invalid value: "Bad_Name"/);
  refuses(() => container({ ports: [{ name: '123', containerPort: 1 }] }), /ports\[0\]\.name: Invalid value: "123": must contain at least one letter/);
  refuses(() => container({ ports: [{ name: 'a--b', containerPort: 1 }] }), /ports\[0\]\.name/);
  refuses(
    () =>
      container({
        ports: [
          { name: 'h', containerPort: 1 },
          { name: 'h', containerPort: 2 },
        ],
      }),
    /ports\[1\]\.name: Duplicate value: "h"/,
  );
  container({ ports: [{ name: 'http', containerPort: 80 }, { containerPort: 81 }] });
});

test("a variable's name fits an environment", () => {
  refuses(() => container({ env: [{ name: 'A=B', value: '1' }] }), /env\[0\]\.name: Invalid value: "A=B"/);
  container({ env: [{ name: 'my.var-1_X' }] });
});

test("a Service's ports of 0 are as if not said, and others are ports", () => {
  const service = take('Service', { ports: [{ port: 80, targetPort: 0 }] }) as V1Service; // decoded by its model
  assert.equal(service.spec?.ports?.[0]?.targetPort, 80);
  refuses(() => take('Service', { ports: [{ port: 80, targetPort: 'Web Site' }] }), /spec\.ports\[0\]\.targetPort: Invalid value: "Web Site"/);
});
