import type { HealthConfig } from '#image';
import type { Heredoc } from './lines.ts';
import type { Spot } from './syntax-error.ts';

/** A command as it was written: a list of words, or a line for the shell. */
export type CommandForm = { readonly form: 'exec'; readonly words: readonly string[] } | { readonly form: 'shell'; readonly line: string };

/** `RUN --mount=…` (Dockerfile reference, "RUN --mount"). Texts are not expanded yet. */
export type RunMount =
  | { readonly type: 'bind'; readonly target: string; readonly source?: string; readonly from?: string; readonly readWrite: boolean }
  | {
      readonly type: 'cache';
      readonly target: string;
      /** The target where it is left out. */
      readonly id?: string;
      readonly from?: string;
      readonly source?: string;
      readonly sharing: 'shared' | 'private' | 'locked';
      readonly readOnly: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly type: 'tmpfs'; readonly target: string; readonly size_bytes?: number; readonly readOnly?: boolean }
  | {
      readonly type: 'secret' | 'ssh';
      readonly id?: string;
      readonly target?: string;
      /** Name of the variable that takes a secret's content. */
      readonly environment?: string;
      readonly required: boolean;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    };

/** How and where an instruction stands in its file. */
export interface Place {
  /** The line it begins on and the last one it takes, here-documents included. */
  readonly start: number;
  readonly end: number;
  /** Its name as it was written. */
  readonly word: string;
  /** Where in the file an offset of the logical line's text is. */
  readonly at: (offset: number) => Spot;
  /** The logical line's text, name included. */
  readonly written: string;
  /** The comments directly above it, their `#` taken off. */
  readonly comments: readonly string[];
}

/** An instruction with its place. Texts are not expanded yet. */
export type Instruction = {
  readonly line: number;
  /** As written, on one line. */
  readonly text: string;
  /** Undefined for what no file holds, such as a trigger of the base image. */
  readonly place?: Place;
} & InstructionBody;
export type InstructionBody =
  | { readonly kind: 'FROM'; readonly image: string; readonly stage?: string; readonly platform?: string }
  | { readonly kind: 'ARG'; readonly args: readonly { readonly name: string; readonly value?: string }[] }
  | {
      readonly kind: 'ENV' | 'LABEL';
      readonly pairs: readonly (readonly [string, string])[];
      /** Written in the old form, without an equals sign. */
      readonly old?: boolean;
    }
  | { readonly kind: 'WORKDIR'; readonly value: string }
  | { readonly kind: 'MAINTAINER'; readonly value: string }
  | { readonly kind: 'USER' | 'STOPSIGNAL'; readonly value: string }
  | {
      readonly kind: 'COPY' | 'ADD';
      readonly sources: readonly string[];
      readonly heredocs: readonly Heredoc[];
      readonly target: string;
      readonly from?: string;
      readonly chown?: string;
      readonly chmod?: string;
      /** The layer stands by itself: it does not depend on what is below it. */
      readonly link?: boolean;
      /** Folders above a source are kept. */
      readonly parents?: boolean;
      /** Patterns of what is left out. */
      readonly excludes?: readonly string[];
      /** ADD: the digest that a URL's content must have. */
      readonly checksum?: string;
      /** ADD: whether a repository's .git is kept. */
      readonly keepGitFolder?: boolean;
      /** ADD: whether archives are unpacked; those of the context are when it is left out, those from URLs are not. */
      readonly unpack?: boolean;
    }
  | {
      readonly kind: 'RUN';
      readonly command: CommandForm;
      readonly heredocs: readonly Heredoc[];
      readonly network?: 'default' | 'none' | 'host';
      /** As they are without variables; what runs takes `expandedMounts`. */
      readonly mounts?: readonly RunMount[];
      /** The values of `--mount` as they were written. */
      readonly mountTexts?: readonly string[];
      readonly security?: 'sandbox' | 'insecure';
    }
  | { readonly kind: 'CMD' | 'ENTRYPOINT'; readonly command: CommandForm }
  | { readonly kind: 'SHELL'; readonly words: readonly string[] }
  | { readonly kind: 'EXPOSE' | 'VOLUME'; readonly values: readonly string[] }
  | { readonly kind: 'HEALTHCHECK'; readonly command?: CommandForm; readonly options: HealthConfig }
  | { readonly kind: 'ONBUILD'; readonly trigger: string };
