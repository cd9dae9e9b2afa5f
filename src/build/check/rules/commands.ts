import { type Hit, type Rule, wordOf } from '../rule.ts';
import { valueOf, walk } from '../scope.ts';
import { allOf } from '../subject.ts';

const ONCE = ['CMD', 'ENTRYPOINT', 'HEALTHCHECK'];

export const JSON_ARGS_RECOMMENDED: Rule = {
  name: 'JSONArgsRecommended',
  description: 'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
  find: (subject) => {
    const hits: Hit[] = [];
    walk(subject, (instruction, { shell }) => {
      if ((instruction.kind !== 'CMD' && instruction.kind !== 'ENTRYPOINT') || instruction.command.form !== 'shell' || shell) return;
      const word = wordOf(instruction);
      const message = `JSON arguments recommended for ${word} to prevent unintended behavior related to OS signals`;
      hits.push({ instruction, message, remedy: `write ${word} ["program", "argument"], or choose a SHELL above to say that one is meant` });
    });
    return hits;
  },
};

export const MULTIPLE_INSTRUCTIONS_DISALLOWED: Rule = {
  name: 'MultipleInstructionsDisallowed',
  description: 'Multiple instructions of the same type should not be used in the same stage',
  find: ({ stages }) =>
    stages.flatMap(({ instructions }) =>
      instructions
        .filter(({ kind }, index) => ONCE.includes(kind) && instructions.slice(index + 1).some((later) => later.kind === kind))
        .map((instruction) => ({
          instruction,
          message: `Multiple ${wordOf(instruction)} instructions should not be used in the same stage because only the last one will be used`,
          remedy: 'take this one away',
        })),
    ),
};

export const MAINTAINER_DEPRECATED: Rule = {
  name: 'MaintainerDeprecated',
  description: 'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
  find: (subject) =>
    allOf(subject, 'MAINTAINER').map((instruction) => ({
      instruction,
      message: 'Maintainer instruction is deprecated in favor of using label',
      remedy: `write LABEL org.opencontainers.image.authors=${JSON.stringify(instruction.value)}`,
    })),
};

export const WORKDIR_RELATIVE_PATH: Rule = {
  name: 'WorkdirRelativePath',
  description: 'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
  find: (subject) => {
    const hits: Hit[] = [];
    walk(subject, (instruction, { names, workdir }) => {
      if (instruction.kind !== 'WORKDIR' || workdir) return;
      const path = valueOf(instruction.value, names, subject);
      if (path.startsWith('/')) return;
      hits.push({
        instruction,
        message: `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`,
        remedy: `write WORKDIR /${path.replace(/^[./]+/, '')}`,
      });
    });
    return hits;
  },
};

export const LEGACY_KEY_VALUE_FORMAT: Rule = {
  name: 'LegacyKeyValueFormat',
  description: 'Legacy key/value format with whitespace separator should not be used',
  find: (subject) =>
    allOf(subject, 'ENV', 'LABEL')
      .filter(({ old }) => old)
      .map((instruction) => {
        const word = wordOf(instruction);
        const [name = '', value = ''] = instruction.pairs[0] ?? [];
        const quoted = /^[^\s'"\\]+$/.test(value) ? value : `"${value.replaceAll('"', '\\"')}"`;
        return {
          instruction,
          message: `"${word} key=value" should be used instead of legacy "${word} key value" format`,
          remedy: `write ${word} ${name}=${quoted}`,
        };
      }),
};

export const NO_EMPTY_CONTINUATION: Rule = {
  name: 'NoEmptyContinuation',
  description: 'Empty continuation lines will become errors in a future release',
  find: ({ file: { blanks = [] } }) =>
    blanks
      .filter(({ instruction }, index) => blanks[index - 1]?.instruction !== instruction)
      .map(({ instruction, line }) => ({ instruction, line, message: 'Empty continuation line', remedy: 'take the blank line away, or put a # on it' })),
};
