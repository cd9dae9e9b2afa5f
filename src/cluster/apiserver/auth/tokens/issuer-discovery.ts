import { createPublicKey } from 'node:crypto';
import type { ServiceAccountTokens } from './service-account-tokens.ts';

export const ISSUER_PATHS = ['/.well-known/openid-configuration', '/openid/v1/jwks'] as const;

/** What others need to believe ServiceAccounts' tokens (OpenID Connect Discovery 1.0); undefined for other paths. */
export function issuerDocument(path: string, { issuers, keys }: ServiceAccountTokens): { readonly type: string; readonly body: object } | undefined {
  const [issuer = ''] = issuers;
  if (path === '/.well-known/openid-configuration') {
    const body = {
      issuer,
      jwks_uri: `${issuer.replace(/\/$/, '')}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set(keys.map(({ algorithm }) => algorithm))],
    };
    return { type: 'application/json', body };
  }
  if (path !== '/openid/v1/jwks') return undefined;
  const list = keys.map(({ id, algorithm, key }) => {
    const shown = key.type === 'private' ? createPublicKey(key) : key;
    return { use: 'sig', ...shown.export({ format: 'jwk' }), kid: id, alg: algorithm };
  });
  return { type: 'application/jwk-set+json', body: { keys: list } };
}
