import { isDeepStrictEqual } from 'node:util';
import type { V1LimitedPriorityLevelConfiguration, V1PriorityLevelConfiguration, V1QueuingConfiguration } from '../../generated/types.ts';
import { ageColumn, type Cell, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { strategy } from '../strategy.ts';
import { FIXED_LEVELS } from './flow-bootstrap.ts';
import { checkFlowConditions } from './flow-schema.ts';

const TYPES = ['Exempt', 'Limited'];
const RESPONSES = ['Queue', 'Reject'];
const SHARES_DEFAULT = 30;
const QUEUES_MAX = 10_000_000;
const HASH_BITS_MAX = 60;
const PRESERVE_ZERO = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares';

function setDefaults({ spec }: V1PriorityLevelConfiguration): void {
  if (spec?.exempt) {
    spec.exempt.nominalConcurrencyShares ??= 0;
    spec.exempt.lendablePercent ??= 0;
  }
  if (spec?.limited === undefined) return;
  spec.limited.nominalConcurrencyShares ??= SHARES_DEFAULT;
  spec.limited.lendablePercent ??= 0;
  const queuing = spec.limited.limitResponse?.queuing;
  if (queuing === undefined) return;
  queuing.handSize ||= 8;
  queuing.queues ||= 64;
  queuing.queueLengthLimit ||= 50;
}

function validate(errors: FieldErrors, { metadata, spec, status }: V1PriorityLevelConfiguration): void {
  const { name = '', annotations = {} } = metadata;
  if (annotations[PRESERVE_ZERO] !== undefined) errors.forbidden('metadata.annotations', `annotation '${PRESERVE_ZERO}' is forbidden`);
  const { type = '', limited, exempt } = spec ?? {};
  if ((name === 'exempt') !== (type === 'Exempt')) errors.invalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'");
  if (type === 'Exempt') {
    if (limited !== undefined) errors.forbidden('spec.limited', 'must be nil if the type is not Limited');
    if (exempt !== undefined) checkShares(errors, 'spec.exempt', exempt.nominalConcurrencyShares, exempt.lendablePercent);
  } else if (type === 'Limited') {
    if (exempt !== undefined) errors.forbidden('spec.exempt', 'must be nil if the type is Limited');
    if (limited === undefined) errors.required('spec.limited', 'must not be empty when type is Limited');
    else checkLimited(errors, 'spec.limited', limited);
  } else errors.notSupported('spec.type', type, TYPES);
  checkFixed(errors, name, spec);
  checkFlowConditions(errors, status?.conditions ?? []);
}

function checkFixed(errors: FieldErrors, name: string, spec: V1PriorityLevelConfiguration['spec']): void {
  const fixed = FIXED_LEVELS[name];
  if (fixed === undefined) return;
  const { exempt: _, ...rest } = spec ?? { type: '' };
  const compared = name === 'exempt' ? { ...rest, exempt: fixed.exempt } : { ...spec };
  const words =
    name === 'exempt' ? `spec of '${name}' except the 'spec.exempt' field must equal the fixed value` : `spec of '${name}' must equal the fixed value`;
  if (!isDeepStrictEqual(compared, { ...fixed })) errors.invalid('spec', spec ?? null, words);
}

function checkShares(errors: FieldErrors, path: string, shares: number | undefined, lendable: number | undefined): void {
  if (shares !== undefined && shares < 0) errors.invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer');
  if (lendable !== undefined && (lendable < 0 || lendable > 100)) errors.invalid(`${path}.lendablePercent`, lendable, 'must be between 0 and 100, inclusive');
}

function checkLimited(errors: FieldErrors, path: string, limited: V1LimitedPriorityLevelConfiguration): void {
  const { limitResponse, borrowingLimitPercent: borrowed } = limited;
  checkShares(errors, path, limited.nominalConcurrencyShares, limited.lendablePercent);
  const field = `${path}.limitResponse`;
  const { type = '', queuing } = limitResponse ?? {};
  if (!RESPONSES.includes(type)) errors.notSupported(`${field}.type`, type, RESPONSES);
  else if (type === 'Reject') {
    if (queuing !== undefined) errors.forbidden(`${field}.queuing`, 'must be nil if limited.limitResponse.type is not Limited');
  } else if (queuing === undefined) errors.required(`${field}.queuing`, 'must not be empty if limited.limitResponse.type is Limited');
  else checkQueuing(errors, `${field}.queuing`, queuing);
  if (borrowed !== undefined && borrowed < 0) errors.invalid(`${path}.borrowingLimitPercent`, borrowed, 'if specified, must be a non-negative integer');
}

function checkQueuing(errors: FieldErrors, path: string, { queues = 0, handSize = 0, queueLengthLimit = 0 }: V1QueuingConfiguration): void {
  if (queueLengthLimit <= 0) errors.invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive');
  if (queues <= 0) errors.invalid(`${path}.queues`, queues, 'must be positive');
  else if (queues > QUEUES_MAX) errors.invalid(`${path}.queues`, queues, `must not be greater than ${QUEUES_MAX}`);
  const field = `${path}.handSize`;
  if (handSize <= 0) return errors.invalid(field, handSize, 'must be positive');
  if (handSize > queues) return errors.invalid(field, handSize, `should not be greater than queues (${queues})`);
  const bits = entropyBits(queues, handSize);
  if (bits > HASH_BITS_MAX)
    errors.invalid(field, handSize, `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS_MAX}`);
}

/** How much chance a hand takes, estimated with some to spare. */
function entropyBits(queues: number, handSize: number): number {
  return Math.ceil(Math.log2(queues) * handSize);
}

type Queue = keyof V1QueuingConfiguration;
const queue =
  (field: Queue) =>
  ({ spec }: V1PriorityLevelConfiguration): Cell =>
    spec?.limited?.limitResponse?.queuing === undefined ? '<none>' : (spec.limited.limitResponse.queuing[field] ?? 0);

export const PRIORITY_LEVEL = strategy<V1PriorityLevelConfiguration>({
  counted: true,
  setDefaults,
  prepareCreate: (level) => {
    level.status = {};
  },
  validate,
  validateStatus: (errors, { status }) => checkFlowConditions(errors, status?.conditions ?? []),
  columns: [
    nameColumn,
    column<V1PriorityLevelConfiguration>('Type', ({ spec }) => spec?.type ?? ''),
    column<V1PriorityLevelConfiguration>('NominalConcurrencyShares', ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? '<none>'),
    column<V1PriorityLevelConfiguration>('Queues', queue('queues')),
    column<V1PriorityLevelConfiguration>('HandSize', queue('handSize')),
    column<V1PriorityLevelConfiguration>('QueueLengthLimit', queue('queueLengthLimit')),
    ageColumn,
  ],
});
