import type { KubeObject, V1PodSpec } from '#cluster/api';
import { isResource } from '../../kinds.ts';
import type { AdmissionPlugin } from '../types.ts';

const AWAY_SECONDS = 300;

/** Patience of Pods with nodes that are away. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: ({ operation, served, subresource }) => operation !== 'DELETE' && subresource === undefined && isResource(served, '', 'pods'),
  mutate(_context, { object }) {
    // Decoded as a Pod.
    const { spec } = object as KubeObject & { spec?: V1PodSpec };
    if (!spec) return;
    tolerate(spec, 'node.kubernetes.io/not-ready');
    tolerate(spec, 'node.kubernetes.io/unreachable');
  },
};

function tolerate(spec: V1PodSpec, key: string): void {
  const tolerations = (spec.tolerations ??= []);
  const has = tolerations.some((one) => (!one.key || one.key === key) && (!one.effect || one.effect === 'NoExecute'));
  if (!has) tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: AWAY_SECONDS });
}
