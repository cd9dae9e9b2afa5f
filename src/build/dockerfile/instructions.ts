import type { HealthConfig } from '#image';
import type { Heredoc } from './lines.ts';

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
  | { readonly type: 'tmpfs'; readonly target: string; readonly size_bytes?: number }
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

/** An instruction with its place. Texts are not expanded yet. */
export type Instruction = { readonly line: number /** As written, on one line. */; readonly text: string } & InstructionBody;
export type InstructionBody =
  | { readonly kind: 'FROM'; readonly image: string; readonly stage?: string; readonly platform?: string }
  | { readonly kind: 'ARG'; readonly args: readonly { readonly name: string; readonly value?: string }[] }
  | { readonly kind: 'ENV' | 'LABEL'; readonly pairs: readonly (readonly [string, string])[] }
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
      readonly mounts?: readonly RunMount[];
      readonly security?: 'sandbox' | 'insecure';
    }
  | { readonly kind: 'CMD' | 'ENTRYPOINT'; readonly command: CommandForm }
  | { readonly kind: 'SHELL'; readonly words: readonly string[] }
  | { readonly kind: 'EXPOSE' | 'VOLUME'; readonly values: readonly string[] }
  | { readonly kind: 'HEALTHCHECK'; readonly command?: CommandForm; readonly options: HealthConfig }
  | { readonly kind: 'ONBUILD'; readonly trigger: string };
