import { apiVersionOf, type ServedResource } from '../resources.ts';

interface Deprecation {
  readonly since: string;
  /** The version that serves it no more. */
  readonly until?: string;
  /** What to use instead. */
  readonly use?: string;
}

/** Of a whole version of a group, or of a kind of it; as of Kubernetes 1.36. */
const DEPRECATIONS: Readonly<Record<string, Deprecation>> = {
  'v1 Endpoints': { since: '1.33', use: 'discovery.k8s.io/v1 EndpointSlice' },
  'networking.k8s.io/v1beta1': { since: '1.34', until: '1.37' },
  'storage.k8s.io/v1beta1 VolumeAttributesClass': { since: '1.34', until: '1.37', use: 'storage.k8s.io/v1 VolumeAttributesClass' },
  'admissionregistration.k8s.io/v1alpha1': { since: '1.35', until: '1.38' },
  'coordination.k8s.io/v1alpha2': { since: '1.35', until: '1.38' },
  'coordination.k8s.io/v1beta1': { since: '1.36', until: '1.39' },
  'resource.k8s.io/v1beta1': { since: '1.35', until: '1.38' },
  'resource.k8s.io/v1beta2': { since: '1.36', until: '1.39' },
  'resource.k8s.io/v1alpha3 DeviceTaintRule': { since: '1.36', until: '1.39' },
};
/** Younger than the version that they stand in. */
const NOT_YET = ['resource.k8s.io/v1beta2 DeviceTaintRule'];

/** What whoever asks for a resource is told, if it goes in time. */
export function deprecationOf(resource: ServedResource): string | undefined {
  const [version, kind] = [apiVersionOf(resource), `${apiVersionOf(resource)} ${resource.kind}`];
  const found = DEPRECATIONS[kind] ?? DEPRECATIONS[version];
  if (found === undefined || NOT_YET.includes(kind)) return undefined;
  const { since, until, use } = found;
  return `${kind} is deprecated in v${since}+${until === undefined ? '' : `, unavailable in v${until}+`}${use === undefined ? '' : `; use ${use}`}`;
}
