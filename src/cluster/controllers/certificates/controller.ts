import type { KubeObject, ResourceRef, V1CertificateSigningRequest, V1CertificateSigningRequestCondition } from '#cluster/api';
import { type Controller, createController, type ReconcileResult, timestamp } from '#cluster/client';
import { messageOf } from '#kit';
import type { Shared } from '../types.ts';
import { ignoreGone } from '../writes.ts';
import { untilGone_ms } from './age.ts';
import { isNodeClient, isOwnSigner, refusalOf } from './signers.ts';
import type { CertificateSigner, ParsedRequest } from './types.ts';

type Request = V1CertificateSigningRequest;
interface AccessReview extends KubeObject {
  readonly spec: object;
  readonly status?: { readonly allowed?: boolean };
}

const REQUESTS: ResourceRef = { group: 'certificates.k8s.io', version: 'v1', resource: 'certificatesigningrequests' };
const REVIEWS: ResourceRef = { group: 'authorization.k8s.io', version: 'v1', resource: 'subjectaccessreviews' };
const YEAR_S = 365 * 86_400;

/** Approves what nodes' agents ask for themselves, signs what was approved for Kubernetes' signers, and takes away what is long answered. */
export function createCertificateController(shared: Shared): Controller {
  const { informers, client, clock, settings } = shared;
  const requests = informers.of<Request>(REQUESTS);
  const resource = client.resource<Request>(REQUESTS);

  const reconcile = async (name: string): Promise<ReconcileResult> => {
    const request = requests.get(undefined, name);
    if (request === undefined || request.metadata.deletionTimestamp !== undefined) return undefined;
    const left_ms = untilGone_ms(request, clock.now());
    if (left_ms <= 0) {
      await ignoreGone(resource.delete(name));
      return undefined;
    }
    if (settings.signer !== undefined && isOwnSigner(request.spec.signerName) && !isAnswered(request)) await work(request, settings.signer);
    return { requeueAfter_ms: left_ms };
  };

  const work = async (request: Request, signer: CertificateSigner): Promise<void> => {
    const pem = Buffer.from(request.spec.request, 'base64').toString('latin1');
    let parsed: ParsedRequest;
    try {
      parsed = await signer.read(pem);
    } catch (error) {
      return await fail(request, `unable to parse csr: ${messageOf(error)}`);
    }
    if (!hasCondition(request, 'Approved')) {
      if (isNodeClient(request.spec, parsed) && (await mayApproveItself(request, parsed))) await approve(request);
      return;
    }
    const refusal = refusalOf(request.spec, parsed);
    if (refusal !== undefined) return await fail(request, refusal);
    const lifetime_s = Math.min(request.spec.expirationSeconds ?? YEAR_S, YEAR_S);
    const certificate = await signer.sign(pem, { usages: request.spec.usages ?? [], lifetime_s });
    const status = { ...request.status, certificate: Buffer.from(certificate).toString('base64') };
    await ignoreGone(resource.update({ ...request, status }, { subresource: 'status' }));
  };

  const mayApproveItself = async ({ spec }: Request, parsed: ParsedRequest): Promise<boolean> => {
    const own = spec.username === parsed.commonName;
    const { username: user, groups, uid, extra } = spec;
    const resourceAttributes = { group: REQUESTS.group, resource: REQUESTS.resource, verb: 'create', subresource: own ? 'selfnodeclient' : 'nodeclient' };
    const review: AccessReview = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: { user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }), resourceAttributes },
    };
    return (await client.resource<AccessReview>(REVIEWS).create(review)).status?.allowed === true;
  };

  const approve = (request: Request): Promise<unknown> => {
    const condition = conditionOf('Approved', 'AutoApproved', 'Auto approving kubelet client certificate after SubjectAccessReview.');
    return ignoreGone(resource.update(withCondition(request, condition), { subresource: 'approval' }));
  };

  const fail = async (request: Request, message: string): Promise<void> => {
    await ignoreGone(resource.update(withCondition(request, conditionOf('Failed', 'SignerValidationFailure', message)), { subresource: 'status' }));
  };

  const conditionOf = (type: string, reason: string, message: string): V1CertificateSigningRequestCondition => {
    const now = timestamp(clock.now());
    return { type, status: 'True', reason, message, lastUpdateTime: now, lastTransitionTime: now };
  };

  const controller = createController({ ...shared, name: 'certificates', reconcile });
  requests.onChange(({ type, object }) => type !== 'deleted' && controller.add(object.metadata.name ?? ''));
  return controller;
}

function isAnswered(request: Request): boolean {
  return request.status?.certificate !== undefined || hasCondition(request, 'Denied') || hasCondition(request, 'Failed');
}

function hasCondition({ status }: Request, type: string): boolean {
  return status?.conditions?.some((one) => one.type === type && one.status === 'True') === true;
}

function withCondition(request: Request, condition: V1CertificateSigningRequestCondition): Request {
  return { ...request, status: { ...request.status, conditions: [...(request.status?.conditions ?? []), condition] } };
}
