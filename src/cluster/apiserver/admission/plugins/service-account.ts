import { forbidden, type V1Container, type V1Pod, type V1ServiceAccount, type V1Volume } from '#cluster/api';
import { randomWord } from '#kit';
import { collectionPrefix, objectKey } from '../../cache/keys.ts';
import { isResource } from '../../kinds.ts';
import type { AdmissionContext, AdmissionPlugin } from '../types.ts';

const ACCOUNTS = { group: '', resource: 'serviceaccounts' };
const PODS = { group: '', resource: 'pods' };
const DEFAULT = 'default';
/** A new namespace gets its account `default` within moments. */
const WAIT_MS = 2000;
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME = 'kube-api-access-';
const TOKEN_SECONDS = 3607;
const MIRROR = 'kubernetes.io/config.mirror';
const ENFORCE = 'kubernetes.io/enforce-mountable-secrets';

/** New Pods have an account that is there, its image pull secrets, and a volume with its token unless they do not want one. */
export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  handles: ({ operation, served, subresource }) => operation === 'CREATE' && subresource === undefined && isResource(served, '', 'pods'),
  async mutate(context, { object, namespace = '', name }) {
    // Decoded as a Pod.
    const pod = object as V1Pod;
    if (pod.spec === undefined || pod.metadata.annotations?.[MIRROR] !== undefined) return;
    const called = pod.spec.serviceAccountName || pod.spec.serviceAccount || DEFAULT;
    pod.spec.serviceAccountName = called;
    pod.spec.serviceAccount = called;
    const account = await findAccount(context, namespace, called);
    if (account === undefined) throw forbidden(PODS, name, `error looking up service account ${namespace}/${called}: serviceaccount "${called}" not found`);
    if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(context, pod);
    if (!pod.spec.imagePullSecrets?.length && account.imagePullSecrets?.length) pod.spec.imagePullSecrets = structuredClone(account.imagePullSecrets);
  },
  async validate(context, { object, namespace = '', name }) {
    // Decoded as a Pod.
    const pod = object as V1Pod;
    const account = await findAccount(context, namespace, pod.spec?.serviceAccountName ?? '');
    if (account?.metadata.annotations?.[ENFORCE] !== 'true') return;
    const why = foreignSecret(pod, account);
    if (why !== undefined) throw forbidden(PODS, name, why);
  },
};

/** The account; that of the name `default` is waited for. */
async function findAccount({ cache, clock }: AdmissionContext, namespace: string, name: string): Promise<V1ServiceAccount | undefined> {
  const key = objectKey(ACCOUNTS, namespace, name);
  // What stands under an account's key was decoded as one.
  const find = () => cache.get(key) as V1ServiceAccount | undefined;
  const found = find();
  if (found !== undefined || name !== DEFAULT) return found;
  const come = Promise.withResolvers<void>();
  using _timer = clock.setTimer(WAIT_MS, () => come.resolve());
  using _listener = cache.collection(collectionPrefix(ACCOUNTS)).listen((event) => event.key === key && come.resolve());
  await come.promise;
  return find();
}

function mountToken(context: AdmissionContext, pod: V1Pod): void {
  const { spec } = pod;
  if (spec === undefined) return;
  const known = spec.volumes?.find(({ name }) => name.startsWith(VOLUME));
  const volume = known?.name ?? `${VOLUME}${randomWord(context.random, 5)}`;
  const wanting = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].filter(
    ({ volumeMounts }) => !volumeMounts?.some(({ mountPath }) => mountPath === MOUNT_PATH),
  );
  for (const container of wanting) container.volumeMounts = [...(container.volumeMounts ?? []), { name: volume, readOnly: true, mountPath: MOUNT_PATH }];
  if (known === undefined && wanting.length > 0) spec.volumes = [...(spec.volumes ?? []), tokenVolume(volume)];
}

/** The token, the authority to check the server by, and the namespace: what a program needs to speak to the API. */
function tokenVolume(name: string): V1Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
    },
  };
}

/** The first Secret that the Pod names and its account does not. */
function foreignSecret({ spec }: V1Pod, account: V1ServiceAccount): string | undefined {
  const mountable = new Set((account.secrets ?? []).map(({ name }) => name));
  const pulls = new Set((account.imagePullSecrets ?? []).map(({ name }) => name));
  const because = `is not allowed because service account ${account.metadata.name} does not reference that`;
  const volume = spec?.volumes?.find(({ secret }) => secret && !mountable.has(secret.secretName));
  if (volume) return `volume with secret.secretName="${volume.secret?.secretName}" ${because} secret`;
  const ofContainer = (what: string, container: V1Container) => {
    const variable = container.env?.find(({ valueFrom }) => valueFrom?.secretKeyRef && !mountable.has(valueFrom.secretKeyRef.name));
    if (variable)
      return `${what} ${container.name} with envVar ${variable.name} referencing secret.secretName="${variable.valueFrom?.secretKeyRef?.name}" ${because} secret`;
    const source = container.envFrom?.find(({ secretRef }) => secretRef && !mountable.has(secretRef.name));
    return source ? `${what} ${container.name} with envFrom referencing secret.secretName="${source.secretRef?.name}" ${because} secret` : undefined;
  };
  const inContainers = [
    ...(spec?.initContainers ?? []).map((one) => ofContainer('init container', one)),
    ...(spec?.containers ?? []).map((one) => ofContainer('container', one)),
  ].find((why) => why !== undefined);
  if (inContainers !== undefined) return inContainers;
  const index = spec?.imagePullSecrets?.findIndex(({ name }) => !pulls.has(name)) ?? -1;
  return index < 0 ? undefined : `imagePullSecrets[${index}].name="${spec?.imagePullSecrets?.[index]?.name}" ${because} imagePullSecret`;
}
