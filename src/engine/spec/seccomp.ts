import { invalid } from '../errors.ts';
import { DEFAULT_RULES, type SeccompArgument, type SeccompRule } from './seccomp-default.ts';

/** `linux.seccomp` of the OCI runtime specification. */
export interface OciSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly {
    readonly names: readonly string[];
    readonly action: string;
    readonly errnoRet?: number;
    readonly args?: readonly SeccompArgument[];
  }[];
}

const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};
const EPERM = 1;

/** The filter for a container with these capabilities; undefined: none. Errors: `ENGINE_INVALID`. */
export function seccompOf(profile: string | undefined, capabilities: readonly string[], architecture: string): OciSeccomp | undefined {
  if (profile === 'unconfined') return undefined;
  const custom = profile === undefined || profile === 'default' || profile === 'builtin' ? undefined : parseProfile(profile);
  const rules = (custom?.rules ?? DEFAULT_RULES).filter((rule) => applies(rule, capabilities, architecture));
  return {
    defaultAction: custom?.defaultAction ?? 'SCMP_ACT_ERRNO',
    ...(custom === undefined ? { defaultErrnoRet: EPERM } : custom.errnoRet === undefined ? {} : { defaultErrnoRet: custom.errnoRet }),
    architectures: ARCHITECTURES[architecture] ?? [],
    syscalls: rules.map(({ names, action, errnoRet, args }) => ({
      names,
      action: action ?? 'SCMP_ACT_ALLOW',
      ...(errnoRet === undefined ? {} : { errnoRet }),
      ...(args === undefined || args.length === 0 ? {} : { args }),
    })),
  };
}

function applies(rule: SeccompRule, capabilities: readonly string[], architecture: string): boolean {
  const { withAny, without, architectures, withoutArchitectures } = rule;
  if (withAny && !withAny.some((name) => capabilities.includes(name))) return false;
  if (without?.some((name) => capabilities.includes(name))) return false;
  if (architectures && !architectures.includes(architecture)) return false;
  return !withoutArchitectures?.includes(architecture);
}

/** Reads a profile in Docker's JSON. */
function parseProfile(text: string): { rules: SeccompRule[]; defaultAction: string; errnoRet?: number } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid('seccomp profile', `it is no JSON (${String(cause)}); give "unconfined", "default" or a profile`);
  }
  const profile = objectOf(value);
  if (typeof profile['defaultAction'] !== 'string') throw invalid('seccomp profile', 'defaultAction is missing');
  const errnoRet = profile['defaultErrnoRet'];
  return {
    defaultAction: profile['defaultAction'],
    ...(typeof errnoRet === 'number' ? { errnoRet } : {}),
    rules: listOf(profile['syscalls']).map((item) => ruleOf(objectOf(item))),
  };
}

function ruleOf(item: Readonly<Record<string, unknown>>): SeccompRule {
  const names = [...strings(item['names']), ...(typeof item['name'] === 'string' ? [item['name']] : [])];
  if (names.length === 0 || typeof item['action'] !== 'string') throw invalid('seccomp profile', 'each of syscalls needs names and action');
  const [includes, excludes] = [objectOf(item['includes'] ?? {}), objectOf(item['excludes'] ?? {})];
  const [withAny, without] = [strings(includes['caps']), strings(excludes['caps'])];
  const [architectures, withoutArchitectures] = [strings(includes['arches']), strings(excludes['arches'])];
  const errnoRet = item['errnoRet'];
  return {
    names,
    action: item['action'],
    ...(typeof errnoRet === 'number' ? { errnoRet } : {}),
    args: listOf(item['args'] ?? []).map((argument) => argumentOf(objectOf(argument))),
    ...(withAny.length > 0 ? { withAny } : {}),
    ...(without.length > 0 ? { without } : {}),
    ...(architectures.length > 0 ? { architectures } : {}),
    ...(withoutArchitectures.length > 0 ? { withoutArchitectures } : {}),
  };
}

function argumentOf(value: Readonly<Record<string, unknown>>): SeccompArgument {
  const { index, op, valueTwo } = value;
  if (typeof index !== 'number' || typeof value['value'] !== 'number' || typeof op !== 'string')
    throw invalid('seccomp profile', 'an argument needs index, value and op');
  return { index, value: value['value'], op, ...(typeof valueTwo === 'number' ? { valueTwo } : {}) };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('seccomp profile', 'an object was expected');
  return { ...value };
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid('seccomp profile', 'a list was expected');
  return value;
}

function strings(value: unknown): string[] {
  return listOf(value).map(String);
}
