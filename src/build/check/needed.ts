import { nearest } from '../dockerfile/suggest.ts';
import { DockerfileSyntaxError } from '../dockerfile/syntax-error.ts';
import type { Instruction } from '../dockerfile/parse.ts';
import { globalScope, valueOf } from './scope.ts';
import type { Stage, Subject } from './subject.ts';

/** The instructions that a target needs: those of its stage and of all that it is built of. Errors: `DockerfileSyntaxError` where there is no such stage. */
export function neededBy(subject: Subject, target: string): ReadonlySet<Instruction> {
  const scope = globalScope(subject, { given: true });
  const wanted = find(subject.stages, target);
  if (wanted === undefined) throw missing(subject, target);
  const needed = new Set<Stage>();
  const open = [wanted];
  for (let stage = open.pop(); stage !== undefined; stage = open.pop()) {
    if (needed.has(stage)) continue;
    needed.add(stage);
    const above = subject.stages.slice(0, stage.index);
    const names = [valueOf(stage.from.image, scope, subject), ...stage.instructions.flatMap(sourcesOf)];
    open.push(...names.flatMap((name) => find(above, name) ?? []));
  }
  return new Set([...subject.globals, ...[...needed].flatMap(({ from, instructions }) => [from, ...instructions])]);
}

/** The stages or images that an instruction takes files from. */
export function sourcesOf(instruction: Instruction): readonly string[] {
  if (instruction.kind === 'COPY') return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.kind !== 'RUN') return [];
  return (instruction.mounts ?? []).flatMap((mount) => ('from' in mount && mount.from !== undefined ? [mount.from] : []));
}

function find(stages: readonly Stage[], name: string): Stage | undefined {
  return stages.findLast(({ from }) => from.stage === name.toLowerCase()) ?? (/^\d+$/.test(name) ? stages[Number(name)] : undefined);
}

function missing({ stages }: Subject, target: string): DockerfileSyntaxError {
  const names = stages.flatMap(({ from }) => from.stage ?? []);
  const near = nearest(target, names);
  const problem = `target stage "${target}" could not be found${near === undefined ? '' : ` (did you mean ${near}?)`}`;
  return new DockerfileSyntaxError({ line: 1, problem, remedy: names.length === 0 ? 'no stage has a name' : `the stages are ${names.join(', ')}` });
}
