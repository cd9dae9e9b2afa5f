/** One entry of an Accept header that can be served, in the client's order. */
export interface MediaType {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The forms in which an object or list can be given. */
export type ObjectForm = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

export function parseAccept(header: string | undefined): readonly MediaType[] {
  if (header === undefined || header.trim() === '') return [{ type: '*/*', parameters: {} }];
  return header.split(',').map(parseMediaType);
}

export function parseMediaType(text: string): MediaType {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const pairs = rest.map((part): [string, string] => {
    const [name = '', value = ''] = part.split('=');
    return [name.trim().toLowerCase(), value.trim().replace(/^"|"$/g, '')];
  });
  return { type: type.toLowerCase(), parameters: Object.fromEntries(pairs) };
}

/** The first form in the list that this server can give; undefined when there is none (406). */
export function objectForm(accepted: readonly MediaType[]): { readonly form: ObjectForm; readonly version: string } | undefined {
  for (const { type, parameters } of accepted) {
    if (type !== 'application/json' && type !== 'application/*' && type !== '*/*') continue;
    const { as } = parameters;
    if (as === undefined) return { form: 'object', version: 'v1' };
    if (parameters.g !== 'meta.k8s.io' || (parameters.v !== 'v1' && parameters.v !== 'v1beta1')) continue;
    if (as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { form: as, version: parameters.v };
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
