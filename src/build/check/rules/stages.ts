import type { Instruction } from '../../dockerfile/parse.ts';
import { nearest } from '../../dockerfile/suggest.ts';
import { sourcesOf } from '../needed.ts';
import { type Hit, offsetOf, type Rule } from '../rule.ts';
import type { Stage, Subject } from '../subject.ts';

const RESERVED: readonly string[] = ['context', 'scratch'];

const nameAt = (from: Instruction) => from.place?.written.trimEnd().search(/\S+$/) ?? 0;

export const DUPLICATE_STAGE_NAME: Rule = {
  name: 'DuplicateStageName',
  description: 'Stage names should be unique',
  find: ({ stages }) =>
    stages
      .filter(({ from, index }) => from.stage !== undefined && stages.some((earlier) => earlier.index < index && earlier.from.stage === from.stage))
      .map(({ from }) => ({
        instruction: from,
        offset: nameAt(from),
        message: `Duplicate stage name "${from.stage}", stage names should be unique`,
        remedy: 'give it a name of its own: only the last one of the name can be reached',
      })),
};

export const RESERVED_STAGE_NAME: Rule = {
  name: 'ReservedStageName',
  description: 'Reserved words should not be used as stage names',
  find: ({ stages }) =>
    stages
      .filter(({ from }) => from.stage !== undefined && RESERVED.includes(from.stage))
      .map(({ from }) => ({
        instruction: from,
        offset: nameAt(from),
        message: `Stage name should not use the same name as reserved stage "${from.stage}"`,
        remedy: 'choose another name',
      })),
};

/** A stage that a step takes files from, and that does not stand above it. */
export const UNDEFINED_STAGE: Rule = {
  name: 'UndefinedStage',
  description: 'Stages must be defined above where files are taken from them',
  find: (subject) =>
    subject.stages.flatMap((stage) =>
      stage.instructions.flatMap((instruction) => sourcesOf(instruction).flatMap((name) => judge(subject, stage, instruction, name))),
    ),
};

function judge({ stages }: Subject, stage: Stage, instruction: Instruction, written: string): readonly Hit[] {
  const name = written.toLowerCase();
  const above = stages.slice(0, stage.index);
  const found = (message: string, remedy: string) => [{ instruction, offset: offsetOf(instruction, `from=${written}`), message, remedy }];
  if (above.some(({ from }) => from.stage === name)) return [];
  if (/^\d+$/.test(name))
    return Number(name) < stage.index
      ? []
      : found(
          `Stage ${name} is not defined above this step`,
          above.length === 0 ? 'there is no stage above' : `write a number below ${stage.index}, or a name`,
        );
  if (stage.from.stage === name) return found(`Stage "${written}" takes files from itself`, 'name a stage above, or use the path without --from');
  if (stages.slice(stage.index + 1).some(({ from }) => from.stage === name))
    return found(`Stage "${written}" is defined below this step`, 'move that stage above');
  // Anything else is an image, unless it looks like the name of a stage with a slip in it.
  const near = /[/:.@]/.test(name)
    ? undefined
    : nearest(
        name,
        above.flatMap(({ from }) => from.stage ?? []),
      );
  return near === undefined
    ? []
    : found(`Stage "${written}" is not defined (did you mean ${near}?)`, `write ${near}; without such a stage it is taken as an image`);
}
