import { type Image, type ImageRunConfig, layersOf } from '#image';
import type { Dockerfile } from '../dockerfile/parse.ts';
import { BUILDER_ARGS, type GlobalArgs } from './arguments.ts';
import type { Gathered } from './gather.ts';
import type { PlanContext, PlanOptions } from './view.ts';
import { type Operation, type Plan, type PlannedStage, type StageResult, type Vertex, type VertexId, vertexOf } from './graph.ts';
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
  const context: PlanContext = {
    escape: file.escape,
    globals: globals.values,
    options,
    usedArgs: new Set([...globals.declared, ...BUILDER_ARGS]),
    add,
    source(stage, from, line) {
      const earlier = sourceStage(stages.all, stage, from, line);
      const result = earlier && results.get(earlier.index);
      return result?.top ?? add(imageOperation(gathered.images.get(from)));
    },
  };
  const planned: PlannedStage[] = [];
  for (const needed of gathered.stages) {
    const below = needed.below && results.get(needed.below.index);
    const stage = new StagePlanner(context, needed, below ?? imageResult(needed.image, add)).plan();
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
