/** Models of several groups bear their group before the version: `CoreV1Event`. */
const MODEL = /^([A-Z][a-z]+(?=V\d))?(V\d(?:(?:alpha|beta)\d+)?)(.+)$/;

/** The name of a generated model's schema; what follows its last dot is what `explain` calls the type. */
export function schemaName(model: string): string {
  const [, group, version, type] = MODEL.exec(model) ?? [];
  if (version === undefined || type === undefined) return `io.k8s.${model}`;
  return ['io.k8s', ...(group === undefined ? [] : [group.toLowerCase()]), version.toLowerCase(), type].join('.');
}

/** Schemas of values that the models know as strings or numbers only. */
export const TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time';
export const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
export const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

export const VALUE_SCHEMAS: Readonly<Record<string, object>> = {
  [TIME]: { description: 'A moment as RFC 3339 writes it.', type: 'string', format: 'date-time' },
  [QUANTITY]: { description: 'An amount with an optional unit: 250m, 2, 64Mi, 1.5Gi, 2e3.', oneOf: [{ type: 'string' }, { type: 'number' }] },
  [INT_OR_STRING]: {
    description: 'A number, or a text such as a name or a percentage.',
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  },
};

export const reference = (name: string): { readonly $ref: string } => ({ $ref: `#/components/schemas/${name}` });
