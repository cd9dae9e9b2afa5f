import { CBOR_SEQUENCE, type Encoding } from './encodings.ts';

/** One entry of an Accept header. */
export interface MediaType {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The forms in which an object or list can be given. */
export type ObjectForm = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

/** The entries of an Accept header, the most wanted first. */
export function parseAccept(header: string | undefined): readonly MediaType[] {
  if (header === undefined || header.trim() === '') return [{ type: '*/*', parameters: {} }];
  const weight = ({ parameters: { q = '1' } }: MediaType) => (Number.isFinite(Number(q)) ? Number(q) : 1);
  const wanted = header.split(',').map(parseMediaType);
  return wanted.filter((one) => weight(one) > 0).toSorted((one, other) => weight(other) - weight(one));
}

export function parseMediaType(text: string): MediaType {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const pairs = rest.map((part): [string, string] => {
    const [name = '', value = ''] = part.split('=');
    return [name.trim().toLowerCase(), value.trim().replace(/^"|"$/g, '')];
  });
  return { type: type.toLowerCase(), parameters: Object.fromEntries(pairs) };
}

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'application/yaml': 'yaml',
  'application/cbor': 'cbor',
  [CBOR_SEQUENCE]: 'cbor',
};

/** The first form in the list that this server can give; undefined when there is none (406). A watch is no YAML, and only a watch is a sequence. */
export function objectForm(
  accepted: readonly MediaType[],
  isWatch = false,
): { readonly form: ObjectForm; readonly version: string; readonly encoding: Encoding } | undefined {
  for (const { type, parameters } of accepted) {
    const encoding = ENCODINGS[type];
    if (encoding === undefined || (isWatch ? encoding === 'yaml' : type === CBOR_SEQUENCE)) continue;
    const { as } = parameters;
    if (as === undefined) return { form: 'object', version: 'v1', encoding };
    if (parameters.g !== 'meta.k8s.io' || (parameters.v !== 'v1' && parameters.v !== 'v1beta1')) continue;
    if (as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { form: as, version: parameters.v, encoding };
  }
  return undefined;
}

/** Whether aggregated discovery is asked for, and in which version. */
export function aggregatedDiscoveryVersion(accepted: readonly MediaType[]): 'v2' | undefined {
  for (const { type, parameters } of accepted) {
    if (type !== 'application/json' && type !== '*/*') continue;
    if (parameters.as === undefined) return undefined;
    if (parameters.as === 'APIGroupDiscoveryList' && parameters.g === 'apidiscovery.k8s.io' && parameters.v === 'v2') return 'v2';
  }
  return undefined;
}
