import type { Image } from '#image';
import { type Instruction, parseInstruction } from '../dockerfile/parse.ts';
import { inInstruction } from '../dockerfile/syntax-error.ts';
import type { FindContext, NamedFiles } from './named.ts';
import { baseStage, namedSources, sourceStage, type Stage, type Stages } from './stages.ts';

/** The image that a name stands for; undefined for `scratch`. */
export type FindImage = (name: string, at: { readonly line: number; readonly stage?: Stage }) => Promise<Image | undefined>;

/** A stage that the target needs, with what it stands on. */
export interface NeededStage {
  readonly stage: Stage;
  /** The stage below; none where an image is. */
  readonly below: Stage | undefined;
  /** The image below; undefined for `scratch` too. */
  readonly image: Image | undefined;
  /** What is below where that are the files of a named context. */
  readonly files: NamedFiles | undefined;
  /** ONBUILD of what is below, in its order. */
  readonly triggers: readonly Instruction[];
}
export interface Gathered {
  /** In the order of the file. */
  readonly stages: readonly NeededStage[];
  readonly findContext: FindContext;
  /** What `from=` names besides stages. */
  readonly images: ReadonlyMap<string, Image | undefined>;
}

/** Finds what the target needs, base images first, since their triggers may need more. Images are looked for at the same time. */
export async function gather(stages: Stages, findImage: FindImage, findContext: FindContext = () => undefined): Promise<Gathered> {
  const needed = new Map<number, Promise<NeededStage>>();
  const images = new Map<string, Promise<Image | undefined>>();
  const need = (stage: Stage): Promise<NeededStage> => {
    const known = needed.get(stage.index) ?? gatherStage(stage);
    needed.set(stage.index, known);
    return known;
  };
  /** What stands in place of a whole stage. */
  const insteadOf = ({ from }: Stage) => (from.stage === undefined ? undefined : findContext(from.stage));
  const triggersOf = async (below: Stage): Promise<readonly string[]> => {
    const own = insteadOf(below);
    if (own === undefined) return ownTriggers(below);
    return own.kind === 'image' ? ((await findImage(own.name, { line: below.from.line, stage: below }))?.config.config.OnBuild ?? []) : [];
  };
  const gatherStage = async (written: Stage): Promise<NeededStage> => {
    const own = insteadOf(written);
    const stage = own === undefined ? written : { ...written, instructions: [] };
    const below = own === undefined ? baseStage(stages.all, written) : undefined;
    const context = own ?? (below ? undefined : findContext(stage.base));
    const files = context?.kind === 'files' ? context.files : undefined;
    const image = below || files ? undefined : await findImage(context?.kind === 'image' ? context.name : stage.base, { line: stage.from.line, stage });
    const triggers = below ? await triggersOf(below) : own ? [] : (image?.config.config.OnBuild ?? []);
    const parsed = triggers.map((text) => parseInstruction({ line: stage.from.line, text, heredocs: [] }, '\\'));
    const named = [...parsed, ...stage.instructions].flatMap((instruction) =>
      namedSources(instruction).map((source) => ({ ...source, kind: instruction.kind })),
    );
    const sources = named.map(async ({ from, line, kind }) => {
      const source = inInstruction(kind, () => sourceStage(stages.all, stage, from, line));
      if (source) return void (await need(source));
      const context = findContext(from);
      if (context?.kind === 'files') return undefined;
      const found = images.get(from) ?? findImage(context?.name ?? from, { line });
      images.set(from, found);
      return void (await found);
    });
    await settleAll([...sources, ...(below ? [need(below)] : [])]);
    return { stage, below, image, files, triggers: parsed };
  };
  await need(stages.target);
  const found = await Promise.all(needed.values());
  return {
    findContext,
    stages: found.toSorted((a, b) => a.stage.index - b.stage.index),
    images: new Map(await Promise.all([...images].map(async ([name, image]) => [name, await image] as const))),
  };
}

/** Waits for all, also when one fails: nothing may go on behind the back of who asked. */
async function settleAll(tasks: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(tasks)) if (result.status === 'rejected') throw result.reason;
}

function ownTriggers(stage: Stage): readonly string[] {
  return stage.instructions.flatMap((instruction) => (instruction.kind === 'ONBUILD' ? [instruction.trigger] : []));
}
