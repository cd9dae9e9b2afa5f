import { apiVersionOf, type ServedResource } from '#cluster/api';

export function openApiSchemas(_resources: readonly ServedResource[]): { schemas: Record<string, object>; schemaOf: (resource: ServedResource) => object } {
  return { schemas: {}, schemaOf: (resource) => ({ description: apiVersionOf(resource), type: 'object' }) };
}
