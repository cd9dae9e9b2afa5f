import { UsageError } from '../errors.ts';
import { findKind, type Kind, kindsOfCategory } from './kinds.ts';

/** What a command is about: a kind, and the one object of it that is named. */
export interface Target {
  readonly kind: Kind;
  readonly name: string | undefined;
}

/**
 * Operands as kubectl takes them: `KIND`, `KIND,KIND`, `KIND NAME...`, `KIND/NAME...`; a kind may be a category such as `all`.
 * Errors: `USAGE`, `COMMAND_FAILED` for kinds that the server does not have.
 */
export function parseTargets(kinds: readonly Kind[], operands: readonly string[]): readonly Target[] {
  const [first = '', ...names] = operands;
  if (operands.some((operand) => operand.includes('/'))) return operands.map((operand) => slashed(kinds, operand));
  const meant = first.split(',').flatMap((word) => kindsOfCategory(kinds, word) ?? [findKind(kinds, word)]);
  if (names.length === 0) return meant.map((kind) => ({ kind, name: undefined }));
  return names.flatMap((name) => meant.map((kind) => ({ kind, name })));
}

function slashed(kinds: readonly Kind[], operand: string): Target {
  const [word = '', name = '', ...more] = operand.split('/');
  if (word === '' || name === '' || more.length > 0) throw new UsageError(`Cannot take "${operand}": write KIND/NAME, and every operand in that form`);
  return { kind: findKind(kinds, word), name };
}
