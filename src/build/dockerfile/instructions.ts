import type { HealthConfig } from '#image';
import type { Heredoc } from './lines.ts';

/** A command as it was written: a list of words, or a line for the shell. */
export type CommandForm = { readonly form: 'exec'; readonly words: readonly string[] } | { readonly form: 'shell'; readonly line: string };

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
    }
  | { readonly kind: 'RUN'; readonly command: CommandForm; readonly heredocs: readonly Heredoc[]; readonly network?: 'default' | 'none' | 'host' }
  | { readonly kind: 'CMD' | 'ENTRYPOINT'; readonly command: CommandForm }
  | { readonly kind: 'SHELL'; readonly words: readonly string[] }
  | { readonly kind: 'EXPOSE' | 'VOLUME'; readonly values: readonly string[] }
  | { readonly kind: 'HEALTHCHECK'; readonly command?: CommandForm; readonly options: HealthConfig }
  | { readonly kind: 'ONBUILD'; readonly trigger: string };
