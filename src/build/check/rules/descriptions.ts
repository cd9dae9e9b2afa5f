import type { Instruction } from '../../dockerfile/parse.ts';
import { type Hit, type Rule } from '../rule.ts';

export const INVALID_DEFINITION_DESCRIPTION: Rule = {
  name: 'InvalidDefinitionDescription',
  description:
    'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.',
  experimental: true,
  find: ({ file: { instructions } }) =>
    instructions.flatMap((instruction): readonly Hit[] => {
      const names = namesOf(instruction);
      const [word] = instruction.place?.comments.at(-1)?.split(' ') ?? [];
      if (word === undefined || names.length === 0 || names.includes(word)) return [];
      const example = names.length > 1 ? '<arg_key>' : (names[0] ?? '');
      const message = `Comment for ${instruction.kind} should follow the format: \`# ${example} <description>\``;
      return [{ instruction, message, remedy: 'begin the comment above with the name, or put an empty line between' }];
    }),
};

function namesOf(instruction: Instruction): readonly string[] {
  if (instruction.kind === 'ARG') return instruction.args.map(({ name }) => name);
  return instruction.kind === 'FROM' && instruction.stage !== undefined ? [instruction.stage] : [];
}
