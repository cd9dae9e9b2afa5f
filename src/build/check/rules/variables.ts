import { nearest } from '../../dockerfile/suggest.ts';
import { expandedTexts, usedVariables } from '../../dockerfile/variables.ts';
import { type Hit, type Rule, variableOffset } from '../rule.ts';
import { PREDEFINED, type StageScope, walk } from '../scope.ts';
import type { Instruction } from '../../dockerfile/parse.ts';
import type { Subject } from '../subject.ts';

export const UNDEFINED_VAR: Rule = {
  name: 'UndefinedVar',
  description: 'Variables should be defined before their use',
  find: (subject) => {
    const hits: Hit[] = [];
    walk(subject, (instruction, scope) => hits.push(...judge(subject, instruction, scope)));
    return hits;
  },
};

function judge(subject: Subject, instruction: Instruction, scope: StageScope): readonly Hit[] {
  const names = new Set(
    expandedTexts(instruction)
      .flatMap((text) => usedVariables(text, subject.file.escape))
      // The shell's own parameters are no variables, and where there is a default nothing is missed.
      .filter(({ name, modifier }) => /^[\p{L}_]/u.test(name) && !/[-+?]$/.test(modifier))
      .map(({ name }) => name)
      .filter((name) => !scope.names.has(name) && !PREDEFINED.includes(name)),
  );
  return [...names].map((name) => {
    const near = nearest(name, scope.names.keys());
    const global = subject.globals.some(({ args }) => args.some((arg) => arg.name === name));
    return {
      instruction,
      offset: variableOffset(instruction, name),
      message: `Usage of undefined variable '$${name}'${near === undefined ? '' : ` (did you mean $${near}?)`}`,
      remedy: global
        ? `write ARG ${name} in this stage: what stands above the first FROM is for FROM alone`
        : `define it with ARG or ENV above${scope.complete ? '' : ', unless the base image, which is not here, sets it'}`,
    };
  });
}
