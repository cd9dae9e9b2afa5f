import { type Image, type ImageRunConfig, layersOf } from '#image';
import type { Dockerfile } from '../dockerfile/parse.ts';
import { BUILDER_ARGS, type GlobalArgs } from './arguments.ts';
import type { Gathered } from './gather.ts';
import type { PlanContext, PlanOptions } from './view.ts';
import type { NamedFiles } from './named.ts';
import { type FilesFrom, type Operation, type Plan, type PlannedStage, type StageResult, type Vertex, type VertexId, vertexOf } from './graph.ts';
import { sourceStage, type Stages } from './stages.ts';
import { StagePlanner } from './stage.ts';

/** Turns a Dockerfile, with its base images found, into a graph of work. Pure. Errors: `DockerfileError`. */
export function planGraph(file: Dockerfile, stages: Stages, gathered: Gathered, globals: GlobalArgs, options: PlanOptions): Plan {
  const vertices = new Map<VertexId, Vertex>();
  const results = new Map<number, StageResult>();
  const add = (operation: Operation): VertexId => {
    const vertex = vertexOf(operation);
    vertices.set(vertex.id, vertex);
    return vertex.id;
  };
  const filesOf = (files: NamedFiles) => (typeof files === 'string' ? files : add(files));
  const context: PlanContext = {
    escape: file.escape,
    globals: globals.values,
    options,
    usedArgs: new Set([...globals.declared, ...BUILDER_ARGS]),
    add,
    source(stage, from, line) {
      const earlier = sourceStage(stages.all, stage, from, line);
      const result = earlier && results.get(earlier.index);
      if (result) return result.top;
      const context = gathered.findContext(from);
      return context?.kind === 'files' ? filesOf(context.files) : add(imageOperation(gathered.images.get(from)));
    },
  };
  const planned: PlannedStage[] = [];
  for (const needed of gathered.stages) {
    const below = needed.below && results.get(needed.below.index);
    const own = () => (needed.files === undefined ? imageResult(needed.image, add) : filesResult(filesOf(needed.files), needed.stage.base, add));
    const stage = new StagePlanner(context, needed, below ?? own()).plan();
    results.set(needed.stage.index, stage.result);
    planned.push(stage);
  }
  const empty: ImageRunConfig = {};
  const steps = stages.globals.map(({ line, text }) => ({ line, text, announced: true, kind: 'global' as const, config: empty }));
  return { globals: steps, stages: planned, vertices, usedArgs: context.usedArgs };
}

function imageOperation(image: Image | undefined): Operation {
  return { kind: 'image', layers: image ? layersOf(image) : [] };
}

/** A stage upon the files of a context: they are copied into nothing. */
function filesResult(from: FilesFrom, name: string, add: (operation: Operation) => VertexId): StageResult {
  const scratch = imageResult(undefined, add);
  const vertex = add({
    kind: 'copy',
    instruction: 'COPY',
    below: scratch.top,
    upon: scratch.top,
    sources: [{ kind: 'path', from, path: '/', unpack: false }],
    target: '/',
    intoFolder: true,
    chown: '',
    mode: undefined,
    parents: false,
    excludes: [],
    line: 0,
  });
  return { ...scratch, top: vertex, history: [{ text: `the context ${name}`, vertex }] };
}

function imageResult(image: Image | undefined, add: (operation: Operation) => VertexId): StageResult {
  // As in the reference, what stands on nothing works in the root.
  return {
    top: add(imageOperation(image)),
    base: image?.id,
    config: image?.config.config ?? { WorkingDir: '/' },
    author: image?.config.author,
    args: new Map(),
    history: [],
  };
}
