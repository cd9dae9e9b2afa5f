import { readFile } from 'node:fs/promises';
import { lstatMaybe, resolveInRoot } from '../copy/root-path.ts';
import { contextInvalid } from '../errors.ts';
import { ignoreFileNames, ignorePatterns } from '../ignore.ts';
import { CHECK_ARG } from '../plan/arguments.ts';
import type { NeededStage } from '../plan/gather.ts';
import { ownArchitecture } from '../platform.ts';
import type { BuildSession } from '../session.ts';
import { baseFacts } from './base-facts.ts';
import { checkDockerfile } from './check.ts';
import type { BaseFacts } from './subject.ts';

/**
 * Fails a build where its file asks by `# check=error=true` that findings do; rules that it skips count for nothing. Errors:
 * `BUILD_CONTEXT_INVALID` with the findings.
 */
export async function refuseFindings(session: BuildSession, source: string, contextRoot: string, stages: readonly NeededStage[]): Promise<void> {
  // The checker reads what the line says; where there is none, nothing is asked for.
  const { buildArgs, target, dockerfile = 'Dockerfile' } = session.request;
  if (!/^#\s*check\s*=/im.test(source) && !buildArgs?.[CHECK_ARG]) return;
  const ignored = await ignoredPatterns(contextRoot, dockerfile);
  const { findings, failsBuild, mistake } = checkDockerfile(source, {
    platform: `linux/${ownArchitecture()}`,
    bases: basesOf(stages),
    ...(buildArgs === undefined ? {} : { buildArgs }),
    ...(target === undefined ? {} : { target }),
    ...(ignored === undefined ? {} : { ignored }),
  });
  if (mistake) throw contextInvalid(mistake.message);
  if (!failsBuild) return;
  const rules = [...new Set(findings.map(({ rule }) => rule))].join(', ');
  const told = findings.map(({ rule, message, line, column, remedy }) => ` - ${rule}: ${message} (line ${line}, column ${column}): ${remedy}`);
  const asking = buildArgs?.[CHECK_ARG] ? `The argument ${CHECK_ARG} asks by "error=true"` : 'The Dockerfile asks by "# check=error=true"';
  throw contextInvalid(`lint violation found for rules: ${rules}. ${asking} that these fail its build:\n${told.join('\n')}`);
}

function basesOf(stages: readonly NeededStage[]): ReadonlyMap<string, BaseFacts> {
  return new Map(stages.flatMap(({ stage, image }): (readonly [string, BaseFacts])[] => (image ? [[stage.base, baseFacts(image)]] : [])));
}

async function ignoredPatterns(root: string, dockerfile: string): Promise<readonly string[] | undefined> {
  for (const name of ignoreFileNames(dockerfile)) {
    const path = await resolveInRoot(root, name);
    if ((await lstatMaybe(path))?.isFile()) return ignorePatterns(await readFile(path, 'utf8'));
  }
  return undefined;
}
