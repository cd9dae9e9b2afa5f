import type { KubeObject, UserInfo, V1CertificateSigningRequest } from '#cluster/api';

/** Who asks for a certificate is said by the server (changed in place), whatever the request says. */
export function stampRequester(object: KubeObject, { name, uid, groups, extra }: UserInfo): void {
  // Decoded as a CertificateSigningRequest.
  const { spec } = object as V1CertificateSigningRequest;
  if (spec === undefined) return;
  for (const field of ['username', 'uid', 'groups', 'extra'] as const) delete spec[field];
  Object.assign(spec, {
    username: name,
    groups: [...groups],
    ...(uid === undefined ? {} : { uid }),
    ...(extra === undefined ? {} : { extra: structuredClone(extra) }),
  });
}
