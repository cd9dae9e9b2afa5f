/** One block of a PEM text (RFC 7468). */
export interface PemBlock {
  readonly type: string;
  readonly hasHeaders: boolean;
  readonly der: Buffer;
}

/** The blocks of a text, in order; what stands between them is skipped. */
export function pemBlocks(text: string): readonly PemBlock[] {
  return [...text.matchAll(/-----BEGIN ([^\n-]*)-----\s*\n([\s\S]*?)-----END \1-----/g)].map(([, type = '', body = '']) => {
    const lines = body.split('\n').map((line) => line.trim());
    const content = lines.filter((line) => !line.includes(':')).join('');
    return { type, hasHeaders: lines.some((line) => line.includes(':')), der: Buffer.from(content, 'base64') };
  });
}
