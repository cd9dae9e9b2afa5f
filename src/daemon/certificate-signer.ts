import type { CertificateSigner } from '#cluster/controllers';
import type { Clock, Random } from '#kit';
import type { KeyPair } from './issue-certificates.ts';

/** Signs requests for certificates with the cluster's authority. The library for it is large, and loaded with the first request. */
export function certificateSigner(authority: KeyPair, clock: Clock, random: Random): CertificateSigner {
  const signing = () => import('./sign-request.ts');
  return {
    read: async (pem) => (await signing()).readRequest(pem),
    sign: async (pem, options) => (await signing()).signRequest(pem, { ...options, authority, clock, random }),
  };
}
