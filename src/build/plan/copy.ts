import { posix } from 'node:path';
import { parseMode } from '#image';
import type { Instruction } from '../dockerfile/instructions.ts';
import { DockerfileError } from '../errors.ts';
import type { CopyOperation, FilesFrom, PlannedSource } from './graph.ts';
import { GIT_URL } from './git-url.ts';
import type { PlanContext, StageView } from './view.ts';
import type { Stage } from './stages.ts';

type CopyInstruction = Extract<Instruction, { kind: 'COPY' | 'ADD' }>;

const PLAIN_URL = /^https?:\/\//;
/** An empty name, `.`, `..`, or a slash at the end. */
const FOLDER = /(?:^|\/)\.{0,2}$/;

/** Plans a COPY or ADD, with the vertices that fetch for it. Pure. Errors: `DockerfileError`. */
export function planCopy(context: PlanContext, stage: Stage, instruction: CopyInstruction, view: StageView): CopyOperation {
  const { kind, line } = instruction;
  const expand = view.expander(line);
  const from: FilesFrom = instruction.from === undefined ? 'context' : context.source(stage, instruction.from, line);
  const checksum = instruction.checksum === undefined ? undefined : expand(instruction.checksum);
  const sources = instruction.sources.map((text) => planSource(context, { ...instruction, checksum }, expand(text), from));
  const texts = instruction.heredocs.map(
    ({ name, content, expand: isExpanded }): PlannedSource => ({ kind: 'text', name, content: isExpanded ? view.heredoc(line)(content) : content }),
  );
  const target = expand(instruction.target);
  const chown = instruction.chown === undefined ? '' : expand(instruction.chown);
  // Names are looked up in the files below, so that these have a say again.
  const standsAlone = instruction.link === true && chown.split(':').every((part) => /^\d*$/.test(part));
  return {
    kind: 'copy',
    instruction: kind,
    below: standsAlone ? undefined : view.top,
    upon: view.top,
    sources: [...sources, ...texts],
    target: posix.resolve(view.config.WorkingDir || '/', target),
    intoFolder: FOLDER.test(target),
    chown,
    mode: modeOf(instruction, expand),
    parents: instruction.parents ?? false,
    excludes: (instruction.excludes ?? []).map(expand),
    line,
  };
}

type WithChecksum = Pick<CopyInstruction, 'kind' | 'line' | 'keepGitFolder' | 'unpack'> & { readonly checksum: string | undefined };

function planSource(context: PlanContext, instruction: WithChecksum, text: string, from: FilesFrom): PlannedSource {
  const { kind, line, checksum, keepGitFolder = false } = instruction;
  const isGit = GIT_URL.test(text);
  if (!isGit && !PLAIN_URL.test(text)) {
    if (checksum !== undefined) throw new DockerfileError(line, `checksum can't be specified for ${text}: it is for a URL`);
    return { kind: 'path', from, path: text, unpack: kind === 'ADD' && instruction.unpack !== false };
  }
  if (kind === 'COPY') throw new DockerfileError(line, `source can't be a URL for COPY: "${text}"; use ADD`);
  return {
    kind: 'fetched',
    from: context.add(isGit ? { kind: 'git', url: text, keepGitFolder, checksum } : { kind: 'url', url: text, checksum }),
    unpack: !isGit && instruction.unpack === true,
  };
}

function modeOf({ chmod, line }: CopyInstruction, expand: (text: string) => string): CopyOperation['mode'] {
  if (chmod === undefined) return undefined;
  const text = expand(chmod);
  const mode = parseMode(text);
  if (mode === undefined)
    throw new DockerfileError(line, `invalid chmod parameter: '${text}' (it should be octal, between 0 and 07777, or symbolic, as in u=rwX,go=rX)`);
  return mode;
}
