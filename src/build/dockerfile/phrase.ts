import type { Heredoc, LogicalLine } from './lines.ts';
import { spotAt } from './lines.ts';
import { DockerfileSyntaxError, type Spot } from './syntax-error.ts';

/** What follows an instruction's name, with its place: what the parsers of the bodies read. */
export class Phrase {
  readonly name: string;
  readonly text: string;
  readonly escape: string;
  readonly #line: LogicalLine;
  readonly #offset: number;

  /** `offset`: where in the line's text `text` begins. */
  constructor(parts: { name: string; text: string; escape: string; line: LogicalLine; offset: number }) {
    this.name = parts.name;
    this.text = parts.text;
    this.escape = parts.escape;
    this.#line = parts.line;
    this.#offset = parts.offset;
  }

  get line(): number {
    return this.#line.line;
  }

  get heredocs(): readonly Heredoc[] {
    return this.#line.heredocs;
  }

  /** The phrase from `offset` on, without the white space around it. */
  from(offset: number): Phrase {
    const rest = this.text.slice(offset);
    const blank = rest.length - rest.trimStart().length;
    return new Phrase({ name: this.name, text: rest.trim(), escape: this.escape, line: this.#line, offset: this.#offset + offset + blank });
  }

  /** The phrase as an instruction of its own: what ONBUILD holds. */
  asLine(): LogicalLine {
    const { pieces, ...line } = this.#line;
    const moved = pieces?.map((piece) => ({ ...piece, offset: piece.offset - this.#offset }));
    return { ...line, text: this.text, ...(moved === undefined ? {} : { pieces: moved }) };
  }

  /** Where in the file a place of the phrase is; undefined for an instruction of no file. */
  spot(offset = 0): Spot | undefined {
    return spotAt(this.#line, this.#offset + offset);
  }

  /** Refuses the file, at `offset` of the phrase where that is known, else at the instruction. */
  refuse(problem: string, remedy?: string, offset?: number): never {
    const spot = offset === undefined ? undefined : this.spot(offset);
    throw new DockerfileSyntaxError({
      line: this.line,
      instruction: this.name,
      problem,
      ...(spot === undefined ? {} : { spot }),
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}
