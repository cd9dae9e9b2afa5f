import type { V1CertificateSigningRequestSpec } from '#cluster/api';
import type { ParsedRequest } from './types.ts';

const PREFIX = 'kubernetes.io/';
const CLIENT = ['client auth', 'digital signature', 'key encipherment'];
const SERVER = ['server auth', 'digital signature', 'key encipherment'];

type Judge = (request: ParsedRequest, usages: readonly string[]) => string | undefined;

/** Each signer of Kubernetes with what it does not sign, in words. */
const SIGNERS: Readonly<Record<string, Judge>> = {
  [`${PREFIX}kube-apiserver-client`]: (_request, usages) => wrongUsages(usages, CLIENT, 'client auth'),
  [`${PREFIX}kube-apiserver-client-kubelet`]: (request, usages) => {
    if (hasNames(request)) return 'DNS, IP, email and URI subjectAltNames are not allowed';
    return notANode(request) ?? wrongUsages(usages, CLIENT, 'client auth');
  },
  [`${PREFIX}kubelet-serving`]: (request, usages) => {
    if (request.dnsNames.length + request.addresses.length === 0) return 'DNS or IP subjectAltName is required';
    if (request.others.length > 0) return 'Email and URI subjectAltNames are not allowed';
    return notANode(request) ?? wrongUsages(usages, SERVER, 'server auth');
  },
  [`${PREFIX}legacy-unknown`]: () => undefined,
};

export function isOwnSigner(name: string): boolean {
  return SIGNERS[name] !== undefined;
}

/** Why a signer does not sign the request; undefined where it does. Pure. */
export function refusalOf(spec: Pick<V1CertificateSigningRequestSpec, 'signerName' | 'usages'>, request: ParsedRequest): string | undefined {
  return SIGNERS[spec.signerName]?.(request, spec.usages ?? []);
}

/** Whether it is a node's agent that asks for the certificate of a node's agent: those are approved unasked. Pure. */
export function isNodeClient(spec: Pick<V1CertificateSigningRequestSpec, 'signerName' | 'usages'>, request: ParsedRequest): boolean {
  return spec.signerName === `${PREFIX}kube-apiserver-client-kubelet` && refusalOf(spec, request) === undefined;
}

function notANode({ commonName, organizations }: ParsedRequest): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== 'system:nodes') return 'subject organization is not system:nodes';
  return commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:';
}

function wrongUsages(usages: readonly string[], allowed: readonly string[], needed: string): string | undefined {
  const foreign = usages.find((usage) => !allowed.includes(usage));
  if (foreign !== undefined) return `usages did not match [${allowed.join(' ')}]: "${foreign}" is not among them`;
  return usages.includes(needed) ? undefined : `usages must have "${needed}"`;
}

function hasNames({ dnsNames, addresses, others }: ParsedRequest): boolean {
  return dnsNames.length + addresses.length + others.length > 0;
}
