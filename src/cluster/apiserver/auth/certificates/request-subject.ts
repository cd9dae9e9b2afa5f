import { invalid } from '#cluster/api';

export interface RequestSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** Whose certificate a PKCS#10 request (base64 of PEM, as a CertificateSigningRequest has it) is for. Errors: 422. */
export async function requestSubject(request: string): Promise<RequestSubject> {
  const pem = Buffer.from(request, 'base64').toString('latin1');
  if (!/^-----BEGIN CERTIFICATE REQUEST-----/m.test(pem)) throw unreadable('PEM block type must be CERTIFICATE REQUEST');
  // The library is large, and needed only where certificates are asked for.
  await import('reflect-metadata');
  const { Pkcs10CertificateRequest, PemConverter } = await import('@peculiar/x509');
  let subject: { getField(name: string): string[] };
  try {
    const [der] = PemConverter.decode(pem);
    if (der === undefined) throw new TypeError('it is empty');
    const parsed = new Pkcs10CertificateRequest(der);
    if (!(await parsed.verify())) throw new TypeError('its signature is wrong');
    subject = parsed.subjectName;
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
  return { commonName: subject.getField('CN')[0] ?? '', organizations: subject.getField('O') };
}

function unreadable(why: string): Error {
  return invalid('CertificateSigningRequest', 'certificates.k8s.io', '', [
    { reason: 'FieldValueInvalid', field: 'spec.request', message: `Invalid value: unable to parse csr: ${why}` },
  ]);
}
