import type { ImageRunConfig } from '#image';
import type { FilesFrom, Operation, StageResult, VertexId } from './graph.ts';
import type { Stage } from './stages.ts';

/** What of a request has a say in the plan. */
export interface PlanOptions {
  readonly buildArgs: Readonly<Record<string, string | null>>;
  readonly networkMode: string;
}
/** What the planners of stages share. */
export interface PlanContext {
  readonly escape: string;
  readonly globals: ReadonlyMap<string, string>;
  readonly options: PlanOptions;
  readonly usedArgs: Set<string>;
  add(operation: Operation): VertexId;
  /** What `from=` means in a stage. */
  source(stage: Stage, from: string, line: number): FilesFrom;
}

/** What one instruction sees of its stage. */
export interface StageView {
  readonly config: ImageRunConfig;
  readonly top: VertexId;
  readonly base: StageResult['base'];
  /** `NAME=value`, sorted: the arguments that a RUN sees. An ENV of the same name wins. */
  readonly args: readonly string[];
  readonly expander: (line: number) => (text: string) => string;
  /** The same for the content of a here-document, whose quotes stay. */
  readonly heredoc: (line: number) => (content: string) => string;
}
