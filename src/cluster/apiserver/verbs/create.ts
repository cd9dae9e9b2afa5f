import {
  type ApiRequest,
  type ApiResponse,
  alreadyExists,
  badRequest,
  copyOf,
  invalid,
  unforeseen,
  type KubeObject,
  prepareForCreate,
  tellQosClass,
  type UserInfo,
  type V1Service,
  warningsOf,
} from '#cluster/api';
import type { StoreWrite } from '#cluster/store';
import { randomUuid, randomWord } from '#kit';
import type { AdmissionRequest } from '../admission/types.ts';
import { LOOPBACK } from '../auth/attributes.ts';
import { stampRequester } from '../auth/certificates/requester.ts';
import { requireNoEscalation } from '../auth/rbac/escalation.ts';
import { catchUp } from '../cache/catch-up.ts';
import { type Context, timestamp } from '../context.ts';
import { namesExhausted } from '../errors.ts';
import { isDefinition, settleDefinition } from '../custom/settle.ts';
import { isResource, keyOf, present, type Served } from '../kinds.ts';
import { isDryRun } from './options.ts';
import { alsoRefused, checkNew, decodeBody, toStorage, withDefaults } from './shape.ts';
import { tracked, type Writer, writerOf } from './track.ts';
import { isRevisionConflict } from './write.ts';

const GENERATED_CHARACTERS = 5;
const GENERATE_TRIES = 8;
const NAME_BYTES_MAX = 63;

/** POST to a collection. Errors: 400, 403, 404 (namespace), 409, 422. */
export async function create(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const dryRun = isDryRun(request.query);
  const { object, warnings } = decodeBody(served, request);
  const wanted = { object, namespace: request.namespace, dryRun, user: request.user, writer: writerOf(request) };
  const stored = await alsoRefused(warnings, () => createObject(context, served, wanted));
  const made = present(served, stored);
  return { kind: 'object', status: 201, object: made, warnings: [...warnings, ...warningsOf(served.info, made)] };
}

/** `object` is decoded and becomes the API server's. */
export interface NewObject {
  readonly object: KubeObject;
  readonly namespace: string | undefined;
  readonly dryRun: boolean;
  /** The server's own, which it knows to be right: it may stand at an address that nobody else may name. */
  readonly isTrusted?: boolean;
  /** Who makes it; the server itself without one. */
  readonly user?: UserInfo;
  /** In whose name its fields are written; what is applied has its managers already. */
  readonly writer?: Writer;
}

/** Completes, checks and stores a new object; it is in the storage version then. */
export async function createObject(context: Context, served: Served, wanted: NewObject): Promise<KubeObject> {
  const { object } = wanted;
  await catchUp(context);
  settleNamespace(served, object, wanted.namespace);
  if (!wanted.dryRun && /^0*[1-9]\d*$/.test(object.metadata.resourceVersion ?? ''))
    throw unforeseen('resourceVersion should not be set on objects to be created');
  const { generateName } = object.metadata;
  const generated = !object.metadata.name && generateName !== undefined && generateName !== '';
  if (!object.metadata.name && !generated) {
    throw invalid(served.info.kind, served.info.group, '', [
      { reason: 'FieldValueRequired', field: 'metadata.name', message: 'Required value: name or generateName is required' },
    ]);
  }
  for (let tries = 1; ; tries++) {
    if (generated) object.metadata.name = `${generateName.slice(0, NAME_BYTES_MAX - GENERATED_CHARACTERS)}${randomWord(context.random, GENERATED_CHARACTERS)}`;
    const named: Named = { ...wanted, name: generated ? generateName : (object.metadata.name ?? '') };
    const stored = await tryCreate(context, served, generated ? copyOf(object) : object, named);
    if (stored) return stored;
    if (!generated) throw alreadyExists(served.info, object.metadata.name ?? '');
    if (tries === GENERATE_TRIES) throw namesExhausted(served.info, generateName);
  }
}

/** `name`: what a refusal calls it. Not by a name just made up, so that the same refusal is the same words each time. */
type Named = NewObject & { readonly name: string };

/** Undefined when the name is taken. */
async function tryCreate(context: Context, served: Served, object: KubeObject, wanted: Named): Promise<KubeObject | undefined> {
  const { namespace, name = '' } = object.metadata;
  const key = keyOf(served, namespace, name);
  if (context.cache.get(key)) return undefined;
  const isService = isResource(served, '', 'services');
  const write = async () => {
    stamp(context, object);
    // What an attempt allocates must not be what the next one asks for.
    const ready = await complete(context, served, isService ? copyOf(object) : object, wanted);
    return wanted.dryRun ? ready : await put(context, key, ready, isService ? context.services.alongside() : []);
  };
  const target = { operation: 'CREATE', served, subresource: undefined, namespace } as const;
  return await context.admission.hold(context, target, () => (isService ? context.services.run(write) : write()));
}

/** Everything that makes the object what is stored: in Kubernetes' order. */
async function complete(
  context: Context,
  served: Served,
  object: KubeObject,
  { name, user = LOOPBACK, dryRun, writer, isTrusted = false }: Named,
): Promise<KubeObject> {
  const completed = withDefaults(served, object);
  // What the server is to set itself, nobody has written.
  const written = writer === undefined ? completed : tracked(context, served, undefined, completed, writer);
  const prepared = prepareForCreate(served.info, written);
  const { namespace } = prepared.metadata;
  const request: AdmissionRequest = { operation: 'CREATE', served, subresource: undefined, namespace, name, object: prepared, old: undefined, user, dryRun };
  await context.admission.mutate(context, request);
  // Admission may have completed what a Pod asks for.
  if (isResource(served, '', 'pods')) tellQosClass(prepared);
  if (isResource(served, 'certificates.k8s.io', 'certificatesigningrequests')) stampRequester(prepared, user);
  // Decoded as a Service.
  if (isResource(served, '', 'services')) context.services.allocate(prepared as V1Service);
  if (!isTrusted) checkNew(served, prepared);
  if (isDefinition(served)) settleDefinition(context, prepared);
  await context.admission.validate(context, request);
  requireNoEscalation(context.authorizer, served, prepared, undefined, user);
  return toStorage(served, prepared);
}

async function put(context: Context, key: string, object: KubeObject, alongside: readonly StoreWrite[]): Promise<KubeObject | undefined> {
  try {
    return await context.cache.put(key, object, 0, alongside);
  } catch (error) {
    if (isRevisionConflict(error, key)) return undefined;
    throw error;
  }
}

/** What the server alone says of a new object. */
function stamp(context: Context, { metadata }: KubeObject): void {
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
  metadata.uid = randomUuid(context.random);
  metadata.creationTimestamp = timestamp(context.clock);
}

function settleNamespace(served: Served, object: KubeObject, requested: string | undefined): void {
  const { metadata } = object;
  if (!served.info.namespaced) {
    delete metadata.namespace;
    return;
  }
  if (requested !== undefined && metadata.namespace && metadata.namespace !== requested) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const namespace = requested ?? metadata.namespace;
  if (!namespace) throw badRequest(`an empty namespace may not be set during creation: ${served.info.kind} belongs to a namespace`);
  metadata.namespace = namespace;
}
