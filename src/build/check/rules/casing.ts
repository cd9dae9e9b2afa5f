import type { Instruction } from '../../dockerfile/parse.ts';
import { type Hit, type Rule, wordOf } from '../rule.ts';

const AS = /\s(?<as>as)\s+(?<name>\S+)\s*$/i;
const isUpper = (text: string) => text === text.toUpperCase();
const isLower = (text: string) => text === text.toLowerCase();

function stageWords(from: Instruction): { as: string; name: string; asAt: number; nameAt: number } | undefined {
  const written = from.place?.written ?? '';
  const match = AS.exec(written);
  const { as = '', name = '' } = match?.groups ?? {};
  return match ? { as, name, asAt: match.index + 1, nameAt: written.trimEnd().length - name.length } : undefined;
}

export const STAGE_NAME_CASING: Rule = {
  name: 'StageNameCasing',
  description: 'Stage names should be lowercase',
  find: ({ stages }) =>
    stages.flatMap(({ from }) => {
      const words = stageWords(from);
      if (words === undefined || isLower(words.name)) return [];
      const { name, nameAt } = words;
      return [{ instruction: from, offset: nameAt, message: `Stage name '${name}' should be lowercase`, remedy: `write ${name.toLowerCase()}` }];
    }),
};

export const FROM_AS_CASING: Rule = {
  name: 'FromAsCasing',
  description: "The 'as' keyword should match the case of the 'from' keyword",
  find: ({ stages }) =>
    stages.flatMap(({ from }) => {
      const words = stageWords(from);
      const word = wordOf(from);
      // A FROM in mixed letters is told by another rule.
      if (words === undefined || (!isLower(word) && !isUpper(word))) return [];
      const wanted = isLower(word) ? 'as' : 'AS';
      if (words.as === wanted) return [];
      return [{ instruction: from, offset: words.asAt, message: `'${words.as}' and '${word}' keywords' casing do not match`, remedy: `write ${wanted}` }];
    }),
};

export const CONSISTENT_INSTRUCTION_CASING: Rule = {
  name: 'ConsistentInstructionCasing',
  description: 'All commands within the Dockerfile should use the same casing (either upper or lower)',
  find: ({ stages }) => {
    // As in the reference, what stands above the first FROM has no say.
    const instructions = stages.flatMap(({ from, instructions: own }) => [from, ...own]);
    const words = instructions.map(wordOf);
    const lower = words.filter(isLower).length > words.filter(isUpper).length;
    return instructions.flatMap((instruction): readonly Hit[] => {
      const word = wordOf(instruction);
      if (lower ? isLower(word) : isUpper(word)) return [];
      const message = `Command '${word}' should match the case of the command majority (${lower ? 'lowercase' : 'uppercase'})`;
      return [{ instruction, message, remedy: `write ${lower ? word.toLowerCase() : word.toUpperCase()}` }];
    });
  },
};
