import type { V1AppArmorProfile, V1PodSpec, V1SeccompProfile, V1Toleration } from '../../generated/types.ts';
import { isRecord } from '../../schema/is-record.ts';
import type { FieldErrors } from '../field-errors.ts';
import { eachContainer } from './context.ts';
import { checkDescending } from './formats.ts';
import { checkTolerations } from './tolerations.ts';

type Annotations = Readonly<Record<string, string>>;

export const MIRROR = 'kubernetes.io/config.mirror';
export const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const INT32_MAX = 2 ** 31 - 1;

/** Annotations that were fields before they were fields, and must agree with those. `specPath` is where the spec stands. */
export function checkPodAnnotations(errors: FieldErrors, path: string, annotations: Annotations = {}, spec: V1PodSpec, specPath: string): void {
  const mirror = annotations[MIRROR];
  if (mirror !== undefined && !spec.nodeName) errors.invalid(`${path}[${MIRROR}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set');
  checkTolerationsText(errors, path, annotations[TOLERATIONS] ?? '');
  const cost = annotations[DELETION_COST];
  if (cost !== undefined && !isInt32(cost)) errors.invalid(`${path}[${DELETION_COST}]`, cost, 'must be a 32bit integer');
  const names = new Set(eachContainer(spec, '').map(([, { name }]) => name));
  for (const [key, value] of Object.entries(annotations)) {
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) checkSeccompName(errors, `${path}.${key}`, value);
    if (!key.startsWith(APP_ARMOR)) continue;
    const container = key.slice(APP_ARMOR.length);
    if (!names.has(container)) errors.invalid(`${path}[${key}]`, container, 'container not found');
    if (!/^(?:$|runtime\/default$|unconfined$|localhost\/)/.test(value))
      errors.invalid(`${path}[${key}]`, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`);
  }
  checkAgreement(errors, annotations, spec, specPath);
}

function isInt32(text: string): boolean {
  return /^(?:0|-?[1-9]\d*)$/.test(text) && Math.abs(Number(text)) <= INT32_MAX + (text.startsWith('-') ? 1 : 0);
}

function checkTolerationsText(errors: FieldErrors, path: string, text: string): void {
  if (text === '') return;
  const tolerations = parseList(text);
  if (tolerations === undefined) errors.invalid(path, TOLERATIONS, 'json: cannot unmarshal into a list of tolerations');
  // Each field is looked at by the rules.
  else checkTolerations(errors, `${path}.${TOLERATIONS}`, tolerations as V1Toleration[]);
}

function parseList(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(isRecord) ? value : undefined;
  } catch {
    // What is no JSON is no list either; the caller says so.
    return undefined;
  }
}

function checkSeccompName(errors: FieldErrors, field: string, profile: string): void {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return;
  if (profile.startsWith('localhost/')) checkDescending(errors, field, profile.slice('localhost/'.length));
  else errors.invalid(field, profile, 'must be a valid seccomp profile');
}

function checkAgreement(errors: FieldErrors, annotations: Annotations, spec: V1PodSpec, path: string): void {
  const ofPod = spec.securityContext;
  checkSame(errors, `${path}.securityContext.seccompProfile`, annotations[SECCOMP_POD], ofPod?.seccompProfile, 'seccomp');
  for (const [here, { name, securityContext }] of eachContainer(spec, path)) {
    checkSame(errors, `${here}.securityContext.seccompProfile`, annotations[`${SECCOMP_CONTAINER}${name}`], securityContext?.seccompProfile, 'seccomp');
    if (spec.os?.name === 'windows') continue;
    const profile = securityContext?.appArmorProfile ?? ofPod?.appArmorProfile;
    checkSame(errors, `${here}.securityContext.appArmorProfile`, annotations[`${APP_ARMOR}${name}`], profile, 'apparmor');
  }
}

function checkSame(
  errors: FieldErrors,
  path: string,
  annotation: string | undefined,
  profile: V1SeccompProfile | V1AppArmorProfile | undefined,
  noun: string,
): void {
  if (annotation === undefined || profile === undefined) return;
  const { type, localhostProfile } = profile;
  const isOfType =
    type === 'Localhost'
      ? annotation.startsWith('localhost/')
      : type === 'Unconfined'
        ? annotation === 'unconfined'
        : type !== 'RuntimeDefault' || annotation === 'runtime/default' || (noun === 'seccomp' && annotation === 'docker/default');
  if (!isOfType) errors.forbidden(`${path}.type`, `${noun} type in annotation and field must match`);
  else if (type === 'Localhost' && annotation !== `localhost/${localhostProfile ?? ''}`)
    errors.forbidden(`${path}.localhostProfile`, `${noun} profile in annotation and field must match`);
}
