import { type ApiRequest, forbidden, type UserInfo } from '#cluster/api';

/** What is asked for, in the words of an authorization review. */
export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}
/** What doing `verb` to the target of a request asks for. */
export function attributesOf(
  { resource, namespace, name, subresource }: Pick<ApiRequest, 'resource' | 'namespace' | 'name' | 'subresource'>,
  verb: string,
): Attributes {
  return {
    verb,
    group: resource.group,
    resource: resource.resource,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}
export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

interface Rule {
  /** A user name, or a group with the prefix `group:`. */
  readonly subject: string;
  readonly verbs: readonly string[];
  /** `resource.group`, with `/subresource`; `*` for all. */
  readonly resources: readonly string[];
}

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const RULES: readonly Rule[] = [
  { subject: 'group:system:masters', verbs: ['*'], resources: ['*'] },
  { subject: 'system:kube-controller-manager', verbs: ['*'], resources: ['*'] },
  { subject: 'system:kube-scheduler', verbs: READ, resources: ['*'] },
  {
    subject: 'system:kube-scheduler',
    verbs: WRITE,
    resources: ['pods/binding', 'bindings', 'pods/status', 'pods/eviction', 'events', 'events.events.k8s.io', 'leases.coordination.k8s.io'],
  },
  { subject: 'system:kube-scheduler', verbs: ['delete'], resources: ['pods'] },
  { subject: 'system:kube-proxy', verbs: READ, resources: ['*'] },
  { subject: 'system:kube-proxy', verbs: WRITE, resources: ['events', 'events.events.k8s.io', 'services/status', 'ingresses.networking.k8s.io/status'] },
  // The cluster's DNS stands beside the proxy, and makes the Service by which it is known.
  { subject: 'system:kube-proxy', verbs: ['create'], resources: ['services'] },
  { subject: 'group:system:nodes', verbs: READ, resources: ['*'] },
  {
    subject: 'group:system:nodes',
    verbs: WRITE,
    resources: [
      'nodes',
      'nodes/status',
      'pods',
      'pods/status',
      'pods/eviction',
      'events',
      'events.events.k8s.io',
      'leases.coordination.k8s.io',
      'csinodes.storage.k8s.io',
      'serviceaccounts/token',
    ],
  },
  {
    subject: 'group:system:authenticated',
    verbs: ['create'],
    resources: ['selfsubjectaccessreviews.authorization.k8s.io', 'selfsubjectrulesreviews.authorization.k8s.io', 'selfsubjectreviews.authentication.k8s.io'],
  },
];

/** Whether the user may, and why. */
export function authorize(user: UserInfo, asked: Attributes): Decision {
  const resource = `${asked.resource}${asked.group === '' ? '' : `.${asked.group}`}${asked.subresource === undefined ? '' : `/${asked.subresource}`}`;
  const rule = RULES.find(({ subject, verbs, resources }) => isSubject(user, subject) && holds(verbs, asked.verb) && holds(resources, resource));
  return rule ? { allowed: true, reason: `allowed by the built-in rule for ${rule.subject}` } : { allowed: false, reason: '' };
}

/** Rejects what the user may not, in Kubernetes' words. */
export function requireAllowed(user: UserInfo, asked: Attributes): void {
  if (authorize(user, asked).allowed) return;
  const what = asked.subresource === undefined ? asked.resource : `${asked.resource}/${asked.subresource}`;
  const where = asked.namespace === undefined ? 'at the cluster scope' : `in the namespace "${asked.namespace}"`;
  const why = `User "${user.name}" cannot ${asked.verb} resource "${what}" in API group "${asked.group}" ${where}`;
  throw forbidden(asked, asked.name ?? '', why);
}

function isSubject(user: UserInfo, subject: string): boolean {
  return subject.startsWith('group:') ? user.groups.includes(subject.slice('group:'.length)) : user.name === subject;
}

function holds(list: readonly string[], wanted: string): boolean {
  return list.includes('*') || list.includes(wanted);
}
