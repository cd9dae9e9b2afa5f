/** What a PKCS#10 request asks for. */
export interface ParsedRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  readonly others: readonly string[];
}
/** The cluster's authority, as far as the signers of CertificateSigningRequests need it. Whoever has its key fills it in. */
export interface CertificateSigner {
  /** Errors: with words where the PEM text is no request, or not signed by its own key. */
  read(pem: string): Promise<ParsedRequest>;
  /** The certificate as PEM. `usages` are Kubernetes' names. */
  sign(pem: string, options: { readonly usages: readonly string[]; readonly lifetime_s: number }): Promise<string>;
}
