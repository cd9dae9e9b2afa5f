/** In what a value of JSON is written. */
export type Encoding = 'json' | 'yaml' | 'cbor';

export const ENCODING_TYPES: Readonly<Record<Encoding, string>> = { json: 'application/json', yaml: 'application/yaml', cbor: 'application/cbor' };
/** One item of CBOR behind the other (RFC 8742): what watches are written in. */
export const CBOR_SEQUENCE = 'application/cbor-seq';

/** The value's bytes. What writes YAML and CBOR is loaded when the first client wants that. */
export async function encoded(value: unknown, encoding: Encoding): Promise<Buffer> {
  switch (encoding) {
    case 'json':
      return Buffer.from(JSON.stringify(value));
    case 'yaml': {
      const { stringify } = await import('yaml');
      return Buffer.from(stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }));
    }
    case 'cbor': {
      const { encodeCbor } = await import('../cbor/encode.ts');
      return encodeCbor(value);
    }
  }
}
