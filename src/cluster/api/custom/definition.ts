import type { ServedResource } from '../resources.ts';
import type { V1CustomResourceDefinition } from '../generated/types.ts';
import { parseJsonPath } from './json-path.ts';
import type { JsonSchema } from './json-schema.ts';
import type { CustomColumn, CustomKind, CustomScale } from './kind.ts';

export type Definition = V1CustomResourceDefinition;
type Version = Definition['spec']['versions'][number];

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const AGE: CustomColumn = {
  name: 'Age',
  type: 'date',
  format: '',
  description: 'When the object was made.',
  priority: 0,
  path: parseJsonPath('.metadata.creationTimestamp') ?? [],
};

/** The resources that a definition has to be served, the version that is stored first; those of names that others have are none. */
export function resourcesOf({ metadata, spec, status }: Definition): readonly ServedResource[] {
  const isEstablished = status?.conditions?.some(({ type, status: state }) => type === 'Established' && state === 'True');
  if (isEstablished !== true) return [];
  const { names } = spec;
  // Of one that is going nothing more is made.
  const verbs = metadata.deletionTimestamp === undefined ? VERBS : VERBS.filter((verb) => verb !== 'create');
  return spec.versions
    .filter(({ served, storage }) => served || storage)
    .toSorted((one, other) => Number(other.storage) - Number(one.storage))
    .map((version) => ({
      group: spec.group,
      version: version.name,
      resource: names.plural,
      kind: names.kind,
      listKind: names.listKind ?? `${names.kind}List`,
      singular: names.singular ?? names.kind.toLowerCase(),
      namespaced: spec.scope === 'Namespaced',
      verbs: version.served ? verbs : [],
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      subresources: [...(version.subresources?.status === undefined ? [] : ['status']), ...(version.subresources?.scale === undefined ? [] : ['scale'])],
      model: '',
      custom: kindOf(version),
    }));
}

function kindOf({ schema, additionalPrinterColumns: columns = [], subresources, selectableFields = [] }: Version): CustomKind {
  // The generated type and ours are two views of the same JSON; the definition was validated.
  const own = (schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }) as JsonSchema;
  return {
    schema: own,
    hasDefaults: JSON.stringify(own).includes('"default":'),
    columns: columns.length === 0 ? [AGE] : columns.map(columnOf),
    scale: subresources?.scale === undefined ? undefined : scaleOf(subresources.scale),
    selectable: selectableFields.map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
  };
}

function columnOf({
  name,
  type,
  format = '',
  description = '',
  priority = 0,
  jsonPath,
}: NonNullable<Version['additionalPrinterColumns']>[number]): CustomColumn {
  const words = description === '' ? `Custom resource definition column (in JSONPath format): ${jsonPath}` : description;
  return { name, type, format, description: words, priority, path: parseJsonPath(jsonPath) ?? [] };
}

function scaleOf({ specReplicasPath, statusReplicasPath, labelSelectorPath }: NonNullable<NonNullable<Version['subresources']>['scale']>): CustomScale {
  const steps = (path: string) => path.split('.').filter((step) => step !== '');
  return {
    specReplicas: steps(specReplicasPath),
    statusReplicas: steps(statusReplicasPath),
    selector: labelSelectorPath === undefined ? undefined : steps(labelSelectorPath),
  };
}
