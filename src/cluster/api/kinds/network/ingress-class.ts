import type { V1IngressClass, V1IngressClassParametersReference } from '../../generated/types.ts';
import { ageColumn, type Column, column } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkDomainPath, checkText, dnsLabel, dnsSubdomain, pathSegment } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';

const CONTROLLER_BYTES_MAX = 250;
const IS_DEFAULT = 'ingressclass.kubernetes.io/is-default-class';
const SCOPES = ['Cluster', 'Namespace'];

function validate(errors: FieldErrors, { spec }: V1IngressClass, old?: V1IngressClass): void {
  const controller = spec?.controller ?? '';
  if (old !== undefined && controller !== (old.spec?.controller ?? '')) errors.invalid('spec.controller', controller, 'field is immutable');
  if (Buffer.byteLength(controller) > CONTROLLER_BYTES_MAX) errors.tooLong('spec.controller', CONTROLLER_BYTES_MAX);
  checkDomainPath(errors, 'spec.controller', controller);
  if (spec?.parameters !== undefined) checkParameters(errors, 'spec.parameters', spec.parameters);
}

function checkParameters(errors: FieldErrors, path: string, parameters: V1IngressClassParametersReference): void {
  const { apiGroup, kind, name, scope, namespace } = parameters;
  if (apiGroup !== undefined) checkText(errors, `${path}.apiGroup`, apiGroup, dnsSubdomain);
  if (!kind) errors.required(`${path}.kind`);
  else checkText(errors, `${path}.kind`, kind, pathSegment);
  if (!name) errors.required(`${path}.name`);
  else checkText(errors, `${path}.name`, name, pathSegment);
  if (scope === undefined) return errors.required(`${path}.scope`);
  if (!SCOPES.includes(scope)) return errors.notSupported(`${path}.scope`, scope, SCOPES);
  if (scope === 'Cluster') {
    if (namespace !== undefined) errors.forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'");
  } else if (namespace === undefined) errors.required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'");
  else checkText(errors, `${path}.namespace`, namespace, dnsLabel);
}

const columns: readonly Column[] = [
  column<V1IngressClass>('Name', ({ metadata }) => `${metadata.name}${metadata.annotations?.[IS_DEFAULT] === 'true' ? ' (default)' : ''}`),
  column<V1IngressClass>('Controller', ({ spec }) => spec?.controller ?? ''),
  column<V1IngressClass>('Parameters', ({ spec }) => {
    if (spec?.parameters === undefined) return '<none>';
    const { kind, apiGroup, name } = spec.parameters;
    return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`;
  }),
  ageColumn,
];

export const INGRESS_CLASS = strategy<V1IngressClass>({
  counted: true,
  setDefaults: ({ spec }) => {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  },
  validate,
  columns,
});
