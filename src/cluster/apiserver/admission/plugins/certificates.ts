import { isDeepStrictEqual } from 'node:util';
import { forbidden, type UserInfo, type V1CertificateSigningRequest } from '#cluster/api';
import { requestSubject } from '../../auth/certificates/request-subject.ts';
import { isResource } from '../../kinds.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from '../types.ts';

const GROUP = 'certificates.k8s.io';
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';

const isRequest = ({ served }: AdmissionRequest): boolean => isResource(served, GROUP, 'certificatesigningrequests');

/** Approving takes the verb `approve` on the signer. */
export const certificateApproval: AdmissionPlugin = {
  name: 'CertificateApproval',
  handles: (request) => isRequest(request) && request.subresource === 'approval' && request.operation === 'UPDATE',
  mutate: stampConditions,
  validate(context, { old, object, user, name }) {
    // Decoded as CertificateSigningRequests, both of them.
    const [{ spec, status }, after] = [old as V1CertificateSigningRequest, object as V1CertificateSigningRequest];
    const kept = after.status?.conditions ?? [];
    const lost = (status?.conditions ?? []).find(({ type }) => !kept.some((one) => one.type === type));
    if (lost) throw forbidden({ group: GROUP, resource: 'certificatesigningrequests' }, name, `the condition ${lost.type} may not be taken away`);
    if (!maySign(context, user, 'approve', spec.signerName))
      throw forbidden(
        { group: GROUP, resource: 'certificatesigningrequests' },
        name,
        `user not permitted to approve requests with signerName "${spec.signerName}"`,
      );
  },
};

/** Writing a certificate takes the verb `sign` on the signer. */
export const certificateSigning: AdmissionPlugin = {
  name: 'CertificateSigning',
  handles: (request) => isRequest(request) && request.subresource === 'status' && request.operation === 'UPDATE',
  mutate: stampConditions,
  validate(context, { old, object, user, name }) {
    // Decoded as CertificateSigningRequests, both of them.
    const [before, after] = [old as V1CertificateSigningRequest, object as V1CertificateSigningRequest];
    if (!isDeepStrictEqual(verdicts(before), verdicts(after)))
      throw forbidden(
        { group: GROUP, resource: 'certificatesigningrequests' },
        name,
        'Approved and Denied conditions are written by the subresource approval only',
      );
    const same = before.status?.certificate === after.status?.certificate && isDeepStrictEqual(failures(before), failures(after));
    if (!same && !maySign(context, user, 'sign', before.spec.signerName))
      throw forbidden(
        { group: GROUP, resource: 'certificatesigningrequests' },
        name,
        `user not permitted to sign requests with signerName "${before.spec.signerName}"`,
      );
  },
};

/** Nobody becomes a master by a certificate. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  handles: (request) => isRequest(request) && request.subresource === undefined && request.operation === 'CREATE',
  async validate(_context, { object, name }) {
    // Decoded as a CertificateSigningRequest.
    const { spec } = object as V1CertificateSigningRequest;
    if (spec.signerName !== CLIENT_SIGNER) return;
    const { organizations } = await requestSubject(spec.request);
    if (organizations.includes('system:masters'))
      throw forbidden(
        { group: GROUP, resource: 'certificatesigningrequests' },
        name,
        `use of ${CLIENT_SIGNER} signer with system:masters group is not allowed`,
      );
  },
};

/** A condition that says no time is of now; one that stood there before has turned when it turned. */
function stampConditions({ clock }: AdmissionContext, { object, old }: AdmissionRequest): void {
  // Decoded as CertificateSigningRequests, both of them.
  const [before, after] = [old as V1CertificateSigningRequest, object as V1CertificateSigningRequest];
  if (after.status?.conditions === undefined) return;
  const now = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  const conditions = after.status.conditions.map((condition) => {
    const same = before.status?.conditions?.find(({ type, status }) => type === condition.type && status === condition.status);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? same?.lastTransitionTime ?? now,
    };
  });
  after.status = { ...after.status, conditions };
}

function verdicts({ status }: V1CertificateSigningRequest): unknown {
  return (status?.conditions ?? []).filter(({ type }) => type === 'Approved' || type === 'Denied');
}

function failures({ status }: V1CertificateSigningRequest): unknown {
  return (status?.conditions ?? []).filter(({ type }) => type === 'Failed');
}

/** By the signer's name, or by its domain as `domain/*`. */
function maySign({ authorizer }: AdmissionContext, user: UserInfo, verb: 'approve' | 'sign', signer: string): boolean {
  const [domain = ''] = signer.split('/');
  return [signer, `${domain}/*`].some((name) => authorizer.authorize(user, { verb, group: GROUP, resource: 'signers', name }).allowed);
}
