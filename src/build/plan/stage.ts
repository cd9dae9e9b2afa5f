import type { ImageRunConfig } from '#image';
import type { Instruction } from '../dockerfile/parse.ts';
import { inInstruction } from '../dockerfile/syntax-error.ts';
import { DockerfileError } from '../errors.ts';
import { expandAt, expandHeredocAt, PREDEFINED_ARGS } from './arguments.ts';
import { planCopy } from './copy.ts';
import type { NeededStage } from './gather.ts';
import type { Operation, PlannedStage, PlannedStep, StageResult, VertexId } from './graph.ts';
import { applyMetadata } from './metadata.ts';
import type { PlanContext, StageView } from './view.ts';
import { planRun } from './run.ts';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Plans the instructions of one stage upon what it stands on. */
export class StagePlanner {
  readonly #context: PlanContext;
  readonly #needed: NeededStage;
  readonly #base: StageResult;
  readonly #args: Map<string, string>;
  readonly #steps: PlannedStep[] = [];
  readonly #history: StageResult['history'][number][];
  #config: ImageRunConfig;
  #author: string | undefined;
  #top: VertexId;
  /** A CMD stood in this stage already. */
  #ownCommand = false;

  constructor(context: PlanContext, needed: NeededStage, base: StageResult) {
    this.#context = context;
    this.#needed = needed;
    this.#base = base;
    this.#args = new Map(base.args);
    this.#history = [...base.history];
    this.#author = base.author;
    this.#top = base.top;
    this.#config = withPath(base.config);
  }

  plan(): PlannedStage {
    const { stage, triggers } = this.#needed;
    const { from } = stage;
    this.#steps.push({ line: from.line, text: from.text, announced: true, kind: 'base', vertex: this.#base.top, config: this.#config });
    if (triggers.length > 0) this.#fire(triggers);
    for (const instruction of stage.instructions) inInstruction(instruction.kind, () => this.#plan(instruction, { announced: true }));
    const base = this.#base.base;
    // An image that nothing was done to stays as it is, down to the configuration.
    const config = base !== undefined && this.#history.length === 0 ? this.#base.config : this.#config;
    const result = { top: this.#top, base, config, author: this.#author, args: this.#args, history: this.#history };
    return { index: stage.index, name: from.stage, steps: this.#steps, result };
  }

  /** Triggers of what is below run first, and are not inherited. */
  #fire(triggers: readonly Instruction[]): void {
    const { OnBuild: _fired, ...rest } = this.#config;
    this.#config = rest;
    for (const [index, trigger] of triggers.entries())
      this.#plan(trigger, {
        announced: false,
        ...(index === 0 ? { preface: `# Executing ${triggers.length} build trigger${triggers.length > 1 ? 's' : ''}\n` } : {}),
      });
  }

  #plan(instruction: Instruction, shown: Pick<PlannedStep, 'announced' | 'preface'>): void {
    const step = { ...shown, line: instruction.line, text: instruction.text };
    switch (instruction.kind) {
      case 'FROM':
        throw new DockerfileError(instruction.line, 'FROM cannot stand here');
      case 'ARG':
        this.#declare(instruction);
        this.#steps.push({ ...step, kind: 'argument', config: this.#config });
        return;
      case 'RUN': {
        const { operation, history } = planRun(this.#context, this.#needed.stage, instruction, this.#view());
        return this.#work(step, operation, history);
      }
      case 'COPY':
      case 'ADD':
        return this.#work(step, planCopy(this.#context, this.#needed.stage, instruction, this.#view()), instruction.text);
      case 'WORKDIR': {
        this.#config = applyMetadata(this.#config, instruction, this.#expander(instruction.line));
        const path = this.#config.WorkingDir ?? '/';
        return this.#work(step, { kind: 'workdir', below: this.#top, path, user: this.#config.User ?? '' }, `WORKDIR ${path}`);
      }
      default:
        return this.#metadata(step, instruction);
    }
  }

  #work(step: Pick<PlannedStep, 'announced' | 'preface' | 'line' | 'text'>, operation: Operation, text: string): void {
    const vertex = this.#context.add(operation);
    this.#top = vertex;
    this.#history.push({ text, vertex });
    this.#steps.push({ ...step, kind: 'work', vertex, history: { text }, config: this.#config });
  }

  #metadata(step: Pick<PlannedStep, 'announced' | 'preface' | 'line' | 'text'>, instruction: Instruction): void {
    const expand = this.#expander(instruction.line);
    const author = instruction.kind === 'MAINTAINER' ? instruction.value : undefined;
    this.#ownCommand ||= instruction.kind === 'CMD';
    if (author === undefined) this.#config = applyMetadata(this.#config, instruction, expand, { ownCommand: this.#ownCommand });
    else this.#author = author;
    const history = { text: instruction.text, ...(author === undefined ? {} : { author }) };
    this.#history.push(history);
    this.#steps.push({ ...step, kind: 'metadata', history, config: this.#config });
  }

  #declare(instruction: Extract<Instruction, { kind: 'ARG' }>): void {
    const { usedArgs, options, globals } = this.#context;
    for (const { name, value } of instruction.args) {
      usedArgs.add(name);
      const given = options.buildArgs[name];
      const chosen = given ?? (value === undefined ? globals.get(name) : this.#expander(instruction.line)(value));
      if (chosen !== undefined) this.#args.set(name, chosen);
    }
  }

  /** What one instruction sees of the stage. */
  #view(): StageView {
    return {
      config: this.#config,
      top: this.#top,
      base: this.#base.base,
      args: [...this.#args]
        .filter(([name]) => this.#variable(name) === undefined)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
      expander: (line) => this.#expander(line),
      heredoc: (line) => (content) => expandHeredocAt(content, line, (name) => this.#value(name)),
    };
  }

  #expander(line: number): (text: string) => string {
    return (text) => expandAt(text, line, this.#context.escape, (name) => this.#value(name));
  }

  #value(name: string): string | undefined {
    return this.#variable(name) ?? this.#args.get(name) ?? this.#predefined(name);
  }

  #variable(name: string): string | undefined {
    return this.#config.Env?.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  #predefined(name: string): string | undefined {
    return PREDEFINED_ARGS.includes(name) ? (this.#context.options.buildArgs[name] ?? undefined) : undefined;
  }
}

/** As Docker does, a stage without a PATH has the usual one. */
function withPath(config: ImageRunConfig): ImageRunConfig {
  return config.Env?.some((entry) => entry.startsWith('PATH=')) ? config : { ...config, Env: [...(config.Env ?? []), DEFAULT_PATH] };
}
