import { expand, expandHeredoc, ExpansionError, type Lookup, type VariableUse } from './expand.ts';
import type { Instruction } from './instructions.ts';

/** A text of an instruction in which variables are replaced. */
export interface ExpandedText {
  readonly text: string;
  /** Content of a here-document: quotes mean nothing in it. */
  readonly heredoc?: boolean;
}

/** The texts in which an instruction's variables are replaced by the builder (reference, "Environment replacement"); a shell's are its own. */
export function expandedTexts(instruction: Instruction): readonly ExpandedText[] {
  const plain = (texts: readonly (string | undefined)[]) => texts.flatMap((text) => (text === undefined ? [] : [{ text }]));
  switch (instruction.kind) {
    case 'FROM':
      return plain([instruction.image, instruction.platform]);
    case 'ARG':
      return plain(instruction.args.flatMap(({ name, value }) => [name, value]));
    case 'ENV':
    case 'LABEL':
      return plain(instruction.pairs.flat());
    case 'WORKDIR':
    case 'USER':
    case 'STOPSIGNAL':
      return plain([instruction.value]);
    case 'COPY':
    case 'ADD': {
      const { sources, target, chown, chmod, checksum, heredocs } = instruction;
      const contents = heredocs.filter((heredoc) => heredoc.expand).map(({ content }) => ({ text: content, heredoc: true }));
      return [...plain([...sources, target, chown, chmod, checksum]), ...contents];
    }
    case 'RUN':
      return plain(instruction.mountTexts ?? []);
    case 'EXPOSE':
    case 'VOLUME':
      return plain(instruction.values);
    default:
      return [];
  }
}

/** A variable where it is used. */
export interface UsedVariable extends VariableUse {
  readonly name: string;
}

/** The variables that a text uses, in its order; a text that does not expand has those before its mistake. */
export function usedVariables({ text, heredoc }: ExpandedText, escape: string): readonly UsedVariable[] {
  const used: UsedVariable[] = [];
  const note: Lookup = (name, use) => {
    used.push({ name, ...use });
    // Something, so that `${NAME:?}` is no mistake.
    return 'x';
  };
  try {
    if (heredoc) expandHeredoc(text, note);
    else expand(text, note, escape);
  } catch (error) {
    if (!(error instanceof ExpansionError)) throw error;
  }
  return used;
}
