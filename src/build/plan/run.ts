import { posix } from 'node:path';
import type { ImageRunConfig } from '#image';
import { heredocStart } from '../dockerfile/heredocs.ts';
import type { Instruction, RunMount } from '../dockerfile/instructions.ts';
import { expandedMounts } from '../dockerfile/run.ts';
import { DockerfileError } from '../errors.ts';
import { CACHE_NAMESPACE_ARG, HOSTNAME_ARG } from './arguments.ts';
import type { PlannedMount, RunOperation } from './graph.ts';
import { commandWords } from './metadata.ts';
import type { PlanContext, StageView } from './view.ts';
import type { Stage } from './stages.ts';

type RunInstruction = Extract<Instruction, { kind: 'RUN' }>;

/** Plans a RUN: its operation, and the words of its history. Pure. Errors: `DockerfileError`. */
export function planRun(context: PlanContext, stage: Stage, instruction: RunInstruction, view: StageView): { operation: RunOperation; history: string } {
  const { config, args } = view;
  const { words, script } = runWords(instruction, config);
  const mounts = expandedMounts(instruction, view.expander(instruction.line));
  const wanted = instruction.network ?? 'default';
  const hostname = context.options.buildArgs[HOSTNAME_ARG];
  const operation: RunOperation = {
    kind: 'run',
    below: view.top,
    image: view.base,
    words,
    environment: [...(config.Env ?? []), ...args],
    workingDirectory: config.WorkingDir || '/',
    user: config.User ?? '',
    network: wanted === 'default' ? context.options.networkMode : wanted,
    insecure: instruction.security === 'insecure',
    ...(hostname ? { hostname } : {}),
    mounts: [...mounts.flatMap((mount) => planMount(context, stage, instruction, { mount, mounts }, view)), ...(script ? [script] : [])],
  };
  return { operation, history: [...(args.length > 0 ? [`|${args.length}`, ...args] : []), ...words].join(' ') };
}

/** The words of a RUN; a here-document without a command of its own is the script. */
function runWords(instruction: RunInstruction, config: ImageRunConfig): { words: readonly string[]; script?: PlannedMount } {
  const { command, heredocs } = instruction;
  const first = heredocs[0];
  if (first === undefined || command.form === 'exec') return { words: commandWords(command, config) };
  const shell = config.Shell ?? ['/bin/sh', '-c'];
  if (heredocStart(command.line) === undefined || heredocs.length > 1)
    return { words: [...shell, `${command.line}\n${heredocs.map((heredoc) => `${heredoc.content}${heredoc.name}\n`).join('')}`] };
  if (!first.content.startsWith('#!')) return { words: [...shell, first.content] };
  // A script that names its own interpreter is a file that is run.
  const target = `/dev/pipes/${first.name}`;
  return { words: [target], script: { type: 'script', target, content: first.content } };
}

function planMount(
  context: PlanContext,
  stage: Stage,
  { line }: RunInstruction,
  { mount, mounts }: { mount: RunMount; mounts: readonly RunMount[] },
  view: StageView,
): readonly PlannedMount[] {
  const absolute = (text: string) => posix.resolve(view.config.WorkingDir || '/', text);
  switch (mount.type) {
    case 'bind': {
      const from = mount.from === undefined ? 'context' : context.source(stage, mount.from, line);
      return [{ type: 'bind', target: absolute(mount.target), from, source: mount.source ?? '/', readWrite: mount.readWrite }];
    }
    case 'cache': {
      const target = absolute(mount.target);
      const { sharing, readOnly, mode, uid, gid } = mount;
      const from = mount.from === undefined ? undefined : context.source(stage, mount.from, line);
      const namespace = context.options.buildArgs[CACHE_NAMESPACE_ARG];
      const id = namespace ? posix.join(namespace, mount.id ?? target) : (mount.id ?? target);
      return [{ type: 'cache', target, id, from, source: mount.source ?? '/', sharing, readOnly, mode, uid, gid }];
    }
    case 'tmpfs':
      return [{ type: 'tmpfs', target: absolute(mount.target), size_bytes: mount.size_bytes, readOnly: mount.readOnly ?? false }];
    case 'secret':
      return [planSecret(mount, line, absolute)];
    case 'ssh':
      return [planSsh(mount, mounts.filter(({ type }) => type === 'ssh').indexOf(mount), view, absolute)];
  }
}

function planSecret(mount: Extract<RunMount, { type: 'secret' | 'ssh' }>, line: number, absolute: (text: string) => string): PlannedMount {
  const { environment, required, mode, uid, gid } = mount;
  const id = mount.id ?? (mount.target === undefined ? undefined : posix.basename(mount.target));
  if (id === undefined || id === '') throw new DockerfileError(line, 'RUN --mount=type=secret needs an id or a target; write --mount=type=secret,id=NAME');
  // A variable takes the place of the file, unless both are asked for.
  const target = mount.target !== undefined ? absolute(mount.target) : environment === undefined ? `/run/secrets/${id}` : undefined;
  return { type: 'secret', id, target, variable: environment, required, mode, uid, gid };
}

function planSsh(mount: Extract<RunMount, { type: 'secret' | 'ssh' }>, index: number, view: StageView, absolute: (text: string) => string): PlannedMount {
  const { id = 'default', required, mode, uid, gid } = mount;
  const target = mount.target === undefined ? `/run/buildkit/ssh_agent.${index}` : absolute(mount.target);
  const isSet = [...(view.config.Env ?? []), ...view.args].some((text) => text.startsWith('SSH_AUTH_SOCK='));
  return { type: 'ssh', id, target, isNamed: index === 0 && !isSet, required, mode, uid, gid };
}
