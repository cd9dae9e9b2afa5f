import type { KubeObject, V1Secret, V1ServiceAccount } from '#cluster/api';
import { type Controller, createController, type ReconcileResult, SECRETS, SERVICE_ACCOUNTS } from '#cluster/client';
import { splitKey } from '../keys.ts';
import type { Shared } from '../types.ts';
import { ignoreGone } from '../writes.ts';

const TYPE = 'kubernetes.io/service-account-token';
const NAME = 'kubernetes.io/service-account.name';
const UID = 'kubernetes.io/service-account.uid';
/** As long as a token can be asked for: it ends with its Secret or its account. */
const LIFETIME_S = 2 ** 32;

interface TokenRequest extends KubeObject {
  readonly spec: object;
  readonly status?: { readonly token: string };
}

/** Fills Secrets of the type `kubernetes.io/service-account-token` with a token that ends with them, and takes them away with their account. */
export function createTokenSecretController(shared: Shared): Controller {
  const { informers, client, settings } = shared;
  const secrets = informers.of<V1Secret>(SECRETS);
  const accounts = informers.of<V1ServiceAccount>(SERVICE_ACCOUNTS);

  const reconcile = async (key: string): Promise<ReconcileResult> => {
    const { namespace = '', name } = splitKey(key);
    const secret = secrets.get(namespace, name);
    if (secret?.type !== TYPE || secret.metadata.deletionTimestamp !== undefined) return undefined;
    const called = secret.metadata.annotations?.[NAME] ?? '';
    const account = accounts.get(namespace, called);
    const { uid } = secret.metadata;
    const owner = secret.metadata.annotations?.[UID];
    if (account === undefined || (owner !== undefined && owner !== account.metadata.uid)) {
      await ignoreGone(client.resource<V1Secret>(SECRETS).delete(name, namespace, uid === undefined ? {} : { preconditions: { uid } }));
      return undefined;
    }
    const wanted = { namespace: base64(namespace), ...(settings.rootCa === undefined ? {} : { 'ca.crt': base64(settings.rootCa) }) };
    const has = secret.data ?? {};
    if (has.token !== undefined && owner !== undefined && Object.entries(wanted).every(([field, value]) => has[field] === value)) return undefined;
    const token = has.token ?? base64(await ask(called, namespace, secret));
    const annotations = { ...secret.metadata.annotations, [UID]: account.metadata.uid ?? '' };
    await ignoreGone(
      client.resource<V1Secret>(SECRETS).update({ ...secret, metadata: { ...secret.metadata, annotations }, data: { ...has, ...wanted, token } }),
    );
    return undefined;
  };

  const ask = async (account: string, namespace: string, { metadata }: V1Secret): Promise<string> => {
    const request: TokenRequest = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name: account, namespace },
      spec: { expirationSeconds: LIFETIME_S, boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: metadata.name, uid: metadata.uid } },
    };
    const { status } = await client.resource<TokenRequest>(SERVICE_ACCOUNTS).create(request, { subresource: 'token' });
    return status?.token ?? '';
  };

  const controller = createController({ ...shared, name: 'token-secrets', reconcile });
  const add = ({ metadata }: V1Secret) => controller.add(`${metadata.namespace ?? ''}/${metadata.name ?? ''}`);
  secrets.onChange(({ type, object }) => type !== 'deleted' && object.type === TYPE && add(object));
  accounts.onChange(({ type, object }) => {
    if (type !== 'deleted') return;
    for (const secret of secrets.list(object.metadata.namespace))
      if (secret.type === TYPE && secret.metadata.annotations?.[NAME] === object.metadata.name) add(secret);
  });
  return controller;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
