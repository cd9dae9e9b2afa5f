import { expand, expandHeredoc, ExpansionError } from '../dockerfile/expand.ts';
import type { Dockerfile } from '../dockerfile/parse.ts';
import { inInstruction, DockerfileSyntaxError } from '../dockerfile/syntax-error.ts';
import { DockerfileError } from '../errors.ts';

/** Build arguments that need no ARG and do not count for the cache (reference, "Predefined ARGs"). */
export const PREDEFINED_ARGS: readonly string[] = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);
/** Taken without an ARG: the moment that times in the image become at the latest (reproducible-builds.org). */
export const EPOCH_ARG = 'SOURCE_DATE_EPOCH';

/** Asks an image to carry its cache; known from other builders. */
export const INLINE_ARG = 'BUILDKIT_INLINE_CACHE';

/** Arguments of the builder itself (reference, "BuildKit built-in build args"). Those that it has no use for are told as not consumed. */
export const CACHE_NAMESPACE_ARG = 'BUILDKIT_CACHE_MOUNT_NS';
export const HOSTNAME_ARG = 'BUILDKIT_SANDBOX_HOSTNAME';
export const KEEP_GIT_ARG = 'BUILDKIT_CONTEXT_KEEP_GIT_DIR';
export const CHECK_ARG = 'BUILDKIT_DOCKERFILE_CHECK';
export const SYNTAX_ARG = 'BUILDKIT_SYNTAX';
export const BUILDER_ARGS: readonly string[] = [EPOCH_ARG, INLINE_ARG, CACHE_NAMESPACE_ARG, HOSTNAME_ARG, KEEP_GIT_ARG, CHECK_ARG, SYNTAX_ARG];

/** Whether a switch among the arguments is on. */
export function isOn(value: string | null | undefined): boolean {
  return /^(?:1|t|true)$/i.test(value ?? '');
}

export interface GlobalArgs {
  readonly values: ReadonlyMap<string, string>;
  readonly declared: ReadonlySet<string>;
}

/** What holds before the first FROM: the platform's arguments and those that are declared there. Pure. Errors: `DockerfileError`. */
export function globalArgs(
  file: Dockerfile,
  given: Readonly<Record<string, string | null>>,
  facts: { readonly architecture: string; readonly target: string },
): GlobalArgs {
  const values = new Map(platformArgs(facts.architecture)).set('TARGETSTAGE', facts.target === '' ? 'default' : facts.target);
  const declared = new Set<string>();
  for (const instruction of file.instructions) {
    if (instruction.kind !== 'ARG') break;
    for (const { name, value } of instruction.args) {
      const chosen =
        given[name] ??
        (value === undefined ? undefined : inInstruction('ARG', () => expandAt(value, instruction.line, file.escape, (other) => values.get(other))));
      declared.add(name);
      if (chosen !== undefined) values.set(name, chosen);
    }
  }
  return { values, declared };
}

/** Expands a word; a mistake in it names the line. */
export function expandAt(text: string, line: number, escape: string, lookup: (name: string) => string | undefined): string {
  return atLine(text, line, () => expand(text, lookup, escape));
}

/** The same for the content of a here-document. */
export function expandHeredocAt(content: string, line: number, lookup: (name: string) => string | undefined): string {
  return atLine(content, line, () => expandHeredoc(content, lookup));
}

function atLine(text: string, line: number, task: () => string): string {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof ExpansionError)) throw error;
    const problem = `failed to process ${JSON.stringify(text)}: ${error.message}`;
    throw new DockerfileSyntaxError({ line, problem, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) });
  }
}

/** The moment of `SOURCE_DATE_EPOCH`, in milliseconds. Errors: `DockerfileError`. */
export function epochOf(given: Readonly<Record<string, string | null>>): number | undefined {
  const text = given[EPOCH_ARG] ?? '';
  if (text === '') return undefined;
  if (!/^\d{1,11}$/.test(text))
    throw new DockerfileError(1, `invalid ${EPOCH_ARG}: ${text} (a right one is a number of seconds since 1970, such as 1700000000)`);
  return Number(text) * 1_000;
}

function platformArgs(architecture: string): readonly (readonly [string, string])[] {
  const os = 'linux';
  return ['TARGET', 'BUILD'].flatMap(
    (side) =>
      [
        [`${side}PLATFORM`, `${os}/${architecture}`],
        [`${side}OS`, os],
        [`${side}ARCH`, architecture],
      ] as const,
  );
}
