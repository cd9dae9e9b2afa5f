import type { Definition } from './definition.ts';

/** A definition's singular name and list kind follow from its kind; versions are not converted. */
export function defaultDefinition({ spec }: Definition): void {
  spec.names.singular ??= spec.names.kind.toLowerCase();
  spec.names.listKind ??= `${spec.names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
}
