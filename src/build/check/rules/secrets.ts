import { type Hit, offsetOf, type Rule } from '../rule.ts';
import { allOf } from '../subject.ts';

/** Words that tell a secret, as a whole name or as its first, middle or last word. */
const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
/** Words that say that it is none. */
const OPEN = /(?:_|^)(?:public|file|version)(?:_|$)/i;

export const SECRETS_USED_IN_ARG_OR_ENV: Rule = {
  name: 'SecretsUsedInArgOrEnv',
  description: 'Sensitive data should not be used in the ARG or ENV commands',
  find: (subject) =>
    allOf(subject, 'ARG', 'ENV').flatMap((instruction) => {
      const names = instruction.kind === 'ARG' ? instruction.args.map(({ name }) => name) : instruction.pairs.map(([name]) => name);
      return names
        .filter((name) => SECRET.test(name) && !OPEN.test(name))
        .map(
          (name): Hit => ({
            instruction,
            offset: offsetOf(instruction, name, instruction.kind.length),
            message: `Do not use ARG or ENV instructions for sensitive data (${instruction.kind} "${name}")`,
            remedy: `it stays in the image: use RUN --mount=type=secret,id=${name.toLowerCase()},env=${name}`,
          }),
        );
    }),
};
