import { parseReference } from '#image';
import { usedVariables } from '../../dockerfile/variables.ts';
import { nearest } from '../../dockerfile/suggest.ts';
import { type Hit, offsetOf, type Rule, variableOffset } from '../rule.ts';
import { globalScope, valueOf } from '../scope.ts';
import type { From, Subject } from '../subject.ts';

const SYSTEMS: readonly string[] = ['linux', 'windows', 'darwin', 'freebsd', 'wasip1'];
const COMPONENT = /^[A-Za-z0-9_.-]+$/;

const variablesOf = (text: string | undefined, { file }: Subject) => (text === undefined ? [] : usedVariables({ text }, file.escape));

export const UNDEFINED_ARG_IN_FROM: Rule = {
  name: 'UndefinedArgInFrom',
  description: 'FROM command must use declared ARGs',
  find: (subject) => {
    const scope = globalScope(subject, { given: true });
    return subject.stages.flatMap(({ from }) =>
      [...variablesOf(from.image, subject), ...variablesOf(from.platform, subject)]
        // A default is there for just this.
        .filter(({ name, modifier }) => !scope.has(name) && !/[-+]$/.test(modifier))
        .map(({ name }): Hit => {
          const near = nearest(name, scope.keys());
          return {
            instruction: from,
            offset: variableOffset(from, name),
            message: `FROM argument '${name}' is not declared${near === undefined ? '' : ` (did you mean ${near}?)`}`,
            remedy: near === undefined ? `write ARG ${name} above the first FROM` : `write ${near}, or ARG ${name} above the first FROM`,
          };
        }),
    );
  },
};

export const INVALID_DEFAULT_ARG_IN_FROM: Rule = {
  name: 'InvalidDefaultArgInFrom',
  description: 'Default value for global ARG results in an empty or invalid base image name',
  find: (subject) => {
    const scope = globalScope(subject, { given: false });
    return subject.stages
      .filter(({ from }) => variablesOf(from.image, subject).length > 0 && !isImageName(valueOf(from.image, scope, subject)))
      .map(({ from }) => ({
        instruction: from,
        offset: offsetOf(from, from.image),
        message: `Default value for ARG ${from.image} results in empty or invalid base image name`,
        remedy: 'give the ARG a default that makes a name, or use ${NAME:-default}',
      }));
  },
};

function isImageName(name: string): boolean {
  try {
    parseReference(name);
    return true;
  } catch {
    // That it cannot be read is the answer.
    return false;
  }
}

export const REDUNDANT_TARGET_PLATFORM: Rule = {
  name: 'RedundantTargetPlatform',
  description: 'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  find: ({ stages }) =>
    stages
      .filter(({ from }) => /^"?\$(?:TARGETPLATFORM|\{TARGETPLATFORM\})"?$/.test(from.platform ?? ''))
      .map(({ from }) => ({
        instruction: from,
        offset: offsetOf(from, '--platform'),
        message: `Setting platform to predefined ${from.platform} in FROM is redundant as this is the default behavior`,
        remedy: 'take --platform away',
      })),
};

export const FROM_PLATFORM_FLAG_CONST_DISALLOWED: Rule = {
  name: 'FromPlatformFlagConstDisallowed',
  description: 'FROM --platform flag should not use a constant value',
  find: (subject) =>
    subject.stages
      .filter(({ from }) => isConstantPlatform(from, subject))
      .map(({ from }) => ({
        instruction: from,
        offset: offsetOf(from, '--platform'),
        message: `FROM --platform flag should not use constant value "${from.platform}"`,
        remedy: 'take --platform away, use $BUILDPLATFORM, or name the platform in the name of the stage',
      })),
};

export const INVALID_BASE_IMAGE_PLATFORM: Rule = {
  name: 'InvalidBaseImagePlatform',
  description: 'Base image platform does not match expected target platform',
  find: (subject) => {
    const scope = globalScope(subject, { given: true });
    return subject.stages.flatMap(({ from }) => {
      const base = valueOf(from.image, scope, subject);
      const found = subject.bases?.get(base)?.platform;
      const wanted = from.platform ? valueOf(from.platform, scope, subject) : subject.platform;
      if (found === undefined || isSamePlatform(found, wanted, subject)) return [];
      return [
        {
          instruction: from,
          offset: offsetOf(from, from.image),
          message: `Base image ${base} was pulled with platform "${found}", expected "${wanted}" for current build`,
          remedy: `take an image that is for ${wanted}, or pull that one of this name`,
        },
      ];
    });
  },
};

/** By system and architecture, since a variant may be left out. */
function isSamePlatform(one: string, other: string, subject: Subject): boolean {
  const [[system, architecture], [otherSystem, otherArchitecture]] = [whole(one, subject), whole(other, subject)];
  return system === otherSystem && architecture === otherArchitecture;
}

/** A constant is fine where the stage says by its name that it is for that platform alone. */
function isConstantPlatform({ platform, stage = '' }: From, subject: Subject): boolean {
  if (platform === undefined || variablesOf(platform, subject).length > 0) return false;
  const parts = platform.split('/');
  if (!parts.every((part) => COMPONENT.test(part))) return false;
  const [system, architecture] = whole(platform, subject);
  return !stage.includes(system) && !stage.includes(architecture);
}

/** A platform's system and architecture, of which one may be left out. */
function whole(platform: string, subject: Subject): readonly [system: string, architecture: string] {
  const [first = '', second] = platform.split('/');
  if (second !== undefined) return [first, second];
  return SYSTEMS.includes(first) ? [first, subject.platform.split('/')[1] ?? ''] : ['linux', first];
}
