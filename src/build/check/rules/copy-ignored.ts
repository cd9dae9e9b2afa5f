import { posix } from 'node:path';
import { patternMatcher } from '../../ignore.ts';
import { type Hit, offsetOf, type Rule } from '../rule.ts';
import { valueOf, walk } from '../scope.ts';

const EVERYTHING: readonly string[] = ['*', '**', '**/*'];

export const COPY_IGNORED_FILE: Rule = {
  name: 'CopyIgnoredFile',
  description: 'Attempting to Copy file that is excluded by .dockerignore',
  find: (subject) => {
    const { ignored } = subject;
    // With exceptions it cannot be told without the files: a folder may be left out and a file in it not.
    if (ignored === undefined || ignored.some((pattern) => pattern.startsWith('!'))) return [];
    const isIgnored = patternMatcher(ignored);
    const hits: Hit[] = [];
    walk(subject, (instruction, { names }) => {
      if ((instruction.kind !== 'COPY' && instruction.kind !== 'ADD') || instruction.from !== undefined) return;
      for (const written of instruction.sources) {
        const source = valueOf(written, names, subject);
        if (/^[a-z]+:\/\/|^git@/.test(source)) continue;
        const path = posix.normalize(source).replace(/^\/(?=.)|(?<=.)\/$/g, '');
        if (path === '.' || path === '/' ? !ignored.some((pattern) => EVERYTHING.includes(pattern)) : !isIgnored(path)) continue;
        hits.push({
          instruction,
          offset: offsetOf(instruction, written, instruction.kind.length),
          message: `Attempting to ${instruction.kind === 'ADD' ? 'Add' : 'Copy'} file "${path}" that is excluded by .dockerignore`,
          remedy: `add !${path} to .dockerignore, or do not copy it`,
        });
      }
    });
    return hits;
  },
};
