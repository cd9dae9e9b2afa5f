import type { Instruction } from '../dockerfile/parse.ts';
import type { Subject } from './subject.ts';

/** Something that a rule saw. */
export interface Hit {
  readonly instruction: Instruction;
  /** Where in the instruction's written text; its beginning when left out. */
  readonly offset?: number;
  /** The line, where it is not an offset's. */
  readonly line?: number;
  /** What is wrong, in the field's words. */
  readonly message: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** One rule of the checker. `find` is pure. */
export interface Rule {
  readonly name: string;
  readonly description: string;
  /** Only on request: `# check=experimental=NAME`. */
  readonly experimental?: true;
  readonly find: (subject: Subject) => readonly Hit[];
}

/** A rule's finding with its place. */
export interface Finding {
  readonly rule: string;
  readonly description: string;
  readonly url: string;
  /** Both counted from 1. */
  readonly line: number;
  readonly column: number;
  /** The last line of the instruction. */
  readonly end: number;
  readonly message: string;
  readonly remedy: string;
}

/** Where a text stands in an instruction as it was written; its beginning when it is not there. */
export function offsetOf(instruction: Instruction, text: string, from = 0): number {
  return Math.max(0, instruction.place?.written.indexOf(text, from) ?? 0);
}

/** Where a variable is used in an instruction as it was written. */
export function variableOffset(instruction: Instruction, name: string): number {
  return offsetOf(instruction, `$${name}`) || offsetOf(instruction, `\${${name}`);
}

/** The instruction's name as it was written. */
export function wordOf(instruction: Instruction): string {
  return instruction.place?.word ?? instruction.kind;
}
