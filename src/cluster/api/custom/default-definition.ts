import type { Definition } from './definition.ts';

/** A definition's singular name and list kind follow from its kind; versions are not converted. Of what is required, what is missing is empty. */
export function defaultDefinition(definition: Definition): void {
  const missing: Partial<Definition> = definition;
  // All of it is filled in right below, but the versions, of which there may be none.
  missing.spec ??= {} as Definition['spec'];
  const { spec } = definition;
  spec.group ??= '';
  spec.scope ??= '';
  spec.names ??= { plural: '', kind: '' };
  const { names } = spec;
  names.plural ??= '';
  names.kind ??= '';
  if (names.kind !== '') {
    names.singular ||= names.kind.toLowerCase();
    names.listKind ||= `${names.kind}List`;
  }
  spec.conversion ??= { strategy: 'None' };
}
