import { createHash } from 'node:crypto';
import type { V1Pod, V1PodTemplateSpec } from './generated/types.ts';

/** Whether the Pod's Ready condition is true. */
export function isPodReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Neither ended nor on its way out. */
export function isPodActive(pod: V1Pod): boolean {
  const phase = pod.status?.phase;
  return phase !== 'Succeeded' && phase !== 'Failed' && pod.metadata.deletionTimestamp === undefined;
}

/** Letters that form no words, as Kubernetes uses them in generated names. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/** A short name for a Pod template's content; `collisions` gives another one for the same content. */
export function podTemplateHash(template: V1PodTemplateSpec, collisions = 0): string {
  const digest = createHash('sha256').update(canonical(template)).update(String(collisions)).digest();
  return Array.from(digest.subarray(0, 10), (byte) => SAFE[byte % SAFE.length]).join('');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, content]) => content !== undefined);
  return `{${fields
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, content]) => `${JSON.stringify(key)}:${canonical(content)}`)
    .join(',')}}`;
}
