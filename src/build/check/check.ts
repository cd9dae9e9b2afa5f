import { parseUntilMistake } from '../dockerfile/parse.ts';
import { DockerfileSyntaxError } from '../dockerfile/syntax-error.ts';
import { DockerfileError } from '../errors.ts';
import { CHECK_ARG } from '../plan/arguments.ts';
import { type CheckOptions, NO_OPTIONS, parseCheckOptions, withComments } from './options.ts';
import { neededBy } from './needed.ts';
import type { Finding, Hit, Rule } from './rule.ts';
import { RULES } from './rules/index.ts';
import { globalScope, valueOf } from './scope.ts';
import { subjectOf, type Surroundings } from './subject.ts';

const DOCUMENTED_AT = 'https://docs.docker.com/go/dockerfile/rule/';
/** Ours alone: nobody else documents them. */
const OWN_RULES: readonly string[] = ['UndefinedStage'];

/** Where a file does not read; both count from 1. */
export interface Mistake {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}
export interface CheckResult {
  readonly findings: readonly Finding[];
  /** `# check=error=true`, or the argument in its place, asks that findings make a build fail. */
  readonly failsBuild: boolean;
  /** The first mistake of a file that does not read; what stands before it was checked all the same. */
  readonly mistake?: Mistake;
}

/** Checks a Dockerfile: findings in the order of their places. Pure. Errors: `SyntaxError` for a pattern of `.dockerignore`. */
export function checkDockerfile(source: string, surroundings: Surroundings): CheckResult {
  const { file, mistake } = parseUntilMistake(source);
  const subject = subjectOf(file, surroundings);
  try {
    const { target, buildArgs } = surroundings;
    const asked = buildArgs?.[CHECK_ARG] ? { value: buildArgs[CHECK_ARG], line: 1 } : file.check;
    const options = asked === undefined ? NO_OPTIONS : parseCheckOptions(asked.value, asked.line);
    // Of a file that does not read, the stage may stand below the mistake.
    const needed = target === undefined || mistake !== undefined ? undefined : neededBy(subject, target);
    const findings = RULES.flatMap((rule) =>
      rule
        .find(subject)
        .filter((hit) => isWanted(rule, hit, options))
        .map((hit) => ({ hit, rule })),
    )
      .filter(({ hit }) => needed === undefined || needed.has(hit.instruction))
      .map(({ hit, rule }) => findingOf(rule, hit))
      .sort((a, b) => a.line - b.line || a.column - b.column);
    return { findings, failsBuild: options.error && findings.length > 0, ...(mistake === undefined ? {} : { mistake: mistakeOf(mistake) }) };
  } catch (error) {
    if (error instanceof DockerfileError) return { findings: [], failsBuild: true, mistake: mistakeOf(mistake ?? error) };
    throw error;
  }
}

/** The base images that a Dockerfile names: whose configuration the checker wants to know. */
export function baseNames(source: string, surroundings: Surroundings): readonly string[] {
  const subject = subjectOf(parseUntilMistake(source).file, surroundings);
  const scope = globalScope(subject, { given: true });
  const names = subject.stages.map(({ from }) => valueOf(from.image, scope, subject));
  return [...new Set(names)].filter((name) => name !== '' && name !== 'scratch' && !subject.stages.some(({ from }) => from.stage === name.toLowerCase()));
}

function mistakeOf(error: DockerfileError): Mistake {
  const spot = error instanceof DockerfileSyntaxError ? error.spot : undefined;
  return { message: error.message, line: spot?.line ?? error.line, column: spot?.column ?? 1 };
}

function isWanted(rule: Rule, { instruction }: Hit, fileOptions: CheckOptions): boolean {
  const { skip, experimental } = withComments(fileOptions, instruction.place?.comments ?? []);
  const named = (list: CheckOptions['skip']) => list === 'all' || list.includes(rule.name);
  return rule.experimental ? named(experimental) : !named(skip);
}

function findingOf({ name, description }: Rule, { instruction, offset, line, message, remedy }: Hit): Finding {
  const spot = line === undefined ? (instruction.place?.at(offset ?? 0) ?? { line: instruction.line, column: 1 }) : { line, column: 1 };
  const end = line ?? instruction.place?.end ?? instruction.line;
  return { rule: name, description, url: OWN_RULES.includes(name) ? '' : DOCUMENTED_AT + kebab(name), ...spot, end, message, remedy };
}

/** `JSONArgsRecommended` as `json-args-recommended/`. */
function kebab(name: string): string {
  return `${name.replace(/([a-z])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, (_all, low?: string, high?: string, last?: string) => (last === undefined ? `${low}-${high}` : `${last}-`)).toLowerCase()}/`;
}
