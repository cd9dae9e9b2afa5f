import { takeFlags } from './flags.ts';
import type { InstructionBody } from './instructions.ts';
import type { Phrase } from './phrase.ts';
import { plainWords } from './words.ts';

/** `FROM` (Dockerfile reference, "FROM"). Errors: `DockerfileSyntaxError`. */
export function parseFrom(phrase: Phrase): Extract<InstructionBody, { kind: 'FROM' }> {
  const { flags, rest } = takeFlags(phrase, { platform: 'text' });
  const words = plainWords(rest.text);
  const [image, as, name] = words;
  if (image === undefined || (words.length !== 1 && (words.length !== 3 || as?.text.toLowerCase() !== 'as')))
    return rest.refuse('FROM requires either one or three arguments', 'write FROM IMAGE or FROM IMAGE AS STAGE', words[1]?.offset);
  const stage = name?.text.toLowerCase();
  if (stage !== undefined && !/^[a-z][a-z0-9\-_.]*$/.test(stage))
    return rest.refuse(
      `invalid name for build stage: "${name?.text}", name can't start with a number or contain symbols`,
      'use letters, digits, - _ and .',
      name?.offset,
    );
  const platform = flags.text('platform');
  return { kind: 'FROM', image: image.text, ...(stage === undefined ? {} : { stage }), ...(platform === undefined ? {} : { platform }) };
}
