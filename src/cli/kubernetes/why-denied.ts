import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { FORM_OPTION, tellWhy } from '../why-text.ts';
import { type Cluster, CLUSTER_OPTIONS, connectCluster } from './connect.ts';
import { discoverKinds, findKind } from './kinds.ts';

const AUTHORIZATION = { group: 'authorization.k8s.io', version: 'v1' } as const;
const OPTIONS = { ...FORM_OPTION, ...CLUSTER_OPTIONS, as: { type: 'string' }, 'as-group': { type: 'string', multiple: true } } as const;
const USAGE = 'gantry why denied VERB RESOURCE [NAME] [--as USER] [-n NAMESPACE]';

/** What a review of access says of a request. */
export interface AccessAnswer {
  readonly user: string;
  /** `delete pods "web" in the namespace "shop"`. */
  readonly request: string;
  readonly allowed: boolean;
  /** By what it is allowed; else what came nearest, and after `REMEDY` what would allow it. */
  readonly reason: string;
}
/** As the API server writes it. */
const REMEDY = '. To allow it: ';

/** Tells which rule allows a request, or which came nearest and what would allow it. */
export async function whyDenied(commandArguments: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions({ args: [...commandArguments], options: OPTIONS, allowPositionals: true });
  const [verb, target, name, ...more] = positionals;
  if (verb === undefined || target === undefined || more.length > 0) throw new UsageError(`Cannot explain "${positionals.join(' ')}": ${USAGE}`);
  if (values.as === undefined && values['as-group'] !== undefined) throw new UsageError('Cannot take --as-group without --as USER');
  using cluster = await connectCluster(values, terminal);
  const asked = target.startsWith('/')
    ? { nonResourceAttributes: { path: target, verb } }
    : { resourceAttributes: await resourceOf(cluster, verb, target, name) };
  const subject = values.as === undefined ? undefined : { user: values.as, groups: groupsOf(values.as, values['as-group'] ?? []) };
  const answer = await review(cluster, asked, subject);
  const user = values.as ?? (await whoAmI(cluster));
  const facts = { user, request: requestText(asked), ...answer };
  return tellWhy({ findings: accessFindings(facts), facts }, values.output, terminal);
}

/** The answer as steps. Pure. */
export function accessFindings({ user, request, allowed, reason }: AccessAnswer): Parameters<typeof tellWhy>[0]['findings'] {
  const [nearest = '', remedy] = reason.split(REMEDY);
  const asked = { step: 'request', ok: true, detail: `${user} wants to ${request}` };
  if (allowed) return [asked, { step: 'rule', ok: true, detail: reason || 'it is allowed' }];
  return [
    asked,
    { step: 'rule', ok: false, detail: nearest || 'no rule allows it', ...(remedy === undefined ? {} : { advice: `it would be allowed by: ${remedy}` }) },
  ];
}

type Asked = { readonly resourceAttributes: ResourceAttributes } | { readonly nonResourceAttributes: { readonly path: string; readonly verb: string } };
interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** `pods`, `deploy`, `deployments.apps`, `pods/log`, `pods/web` is not taken: a name is a word of its own, as with `kubectl auth can-i`. */
async function resourceOf({ client, namespace }: Cluster, verb: string, target: string, name: string | undefined): Promise<ResourceAttributes> {
  const [word = '', subresource] = target.split('/');
  const kind = findKind(await discoverKinds(client), word);
  return {
    verb,
    group: kind.group,
    resource: kind.resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(kind.namespaced ? { namespace } : {}),
    ...(name === undefined ? {} : { name }),
  };
}

async function review({ client }: Cluster, asked: Asked, subject: object | undefined): Promise<Pick<AccessAnswer, 'allowed' | 'reason'>> {
  const kind = subject === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview';
  const resource = { ...AUTHORIZATION, resource: `${kind.toLowerCase()}s` };
  const body = { apiVersion: `${AUTHORIZATION.group}/${AUTHORIZATION.version}`, kind, spec: { ...asked, ...subject } };
  const answer = await client.json({ method: 'POST', path: { resource, query: {} }, body });
  // A review, as the path says.
  const { status = {} } = answer.body as { readonly status?: { readonly allowed?: boolean; readonly reason?: string } };
  return { allowed: status.allowed === true, reason: status.reason ?? '' };
}

async function whoAmI({ client }: Cluster): Promise<string> {
  const resource = { group: 'authentication.k8s.io', version: 'v1', resource: 'selfsubjectreviews' };
  const answer = await client.json({
    method: 'POST',
    path: { resource, query: {} },
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  // As above.
  const { status } = answer.body as { readonly status?: { readonly userInfo?: { readonly username?: string } } };
  return status?.userInfo?.username ?? 'you';
}

/** Whoever is let in is one of these. */
function groupsOf(user: string, given: readonly string[]): readonly string[] {
  const [, namespace] = /^system:serviceaccount:([^:]+):/.exec(user) ?? [];
  const ofAccount = namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return [...new Set([...given, ...ofAccount, 'system:authenticated'])];
}

function requestText(asked: Asked): string {
  if ('nonResourceAttributes' in asked) return `${asked.nonResourceAttributes.verb} ${asked.nonResourceAttributes.path}`;
  const { verb, group, resource, subresource, namespace, name } = asked.resourceAttributes;
  const what = `${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  return `${verb} ${what}${name === undefined ? '' : ` "${name}"`} ${namespace === undefined ? 'in the cluster' : `in the namespace "${namespace}"`}`;
}
