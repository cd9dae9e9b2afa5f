import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Image, ImageRunConfig, Layer } from '#image';
import { cacheKey } from './cache.ts';
import { type CopyInstruction, copyStep, findSources, hashSources, removeFolder, workdirStep } from './copy-step.ts';
import { expand, ExpansionError } from './dockerfile/expand.ts';
import { type Instruction, parseInstruction } from './dockerfile/parse.ts';
import { DockerfileError } from './errors.ts';
import { applyMetadata } from './metadata.ts';
import { runStep, runWords } from './run-step.ts';
import { type BuildSession, layersOf } from './session.ts';

/** Build arguments that need no ARG and do not count for the cache (reference, "Predefined ARGs"). */
export const PREDEFINED_ARGS: readonly string[] = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface StageContext {
  readonly session: BuildSession;
  readonly escape: string;
  readonly contextRoot: string;
  /** ARGs before the first FROM, and the platform's. */
  readonly globals: ReadonlyMap<string, string>;
  /** Names of build arguments that some ARG declared. */
  readonly usedArgs: Set<string>;
  /** Image that `COPY --from=NAME` means. */
  readonly sourceImage: (name: string, line: number) => Promise<Image>;
  /** Says `Step n/m`. */
  readonly announce: (text: string) => void;
}

/** Runs the instructions of one stage upon its base. */
export class StageRun {
  readonly #context: StageContext;
  readonly #args = new Map<string, string>();
  #image: Image;
  /** A CMD stood in this stage already. */
  #ownCommand = false;

  constructor(context: StageContext, base: Image) {
    this.#context = context;
    this.#image = base;
  }

  get image(): Image {
    return this.#image;
  }

  /** ONBUILD triggers of the base run first and are not inherited. */
  async runAll(instructions: readonly Instruction[]): Promise<Image> {
    const triggers = this.#config.OnBuild ?? [];
    if (triggers.length > 0) {
      await this.#context.session.say(`# Executing ${triggers.length} build trigger${triggers.length > 1 ? 's' : ''}\n`);
      const { OnBuild: _fired, ...rest } = this.#config;
      await this.#commit({ text: 'ONBUILD', config: rest, layer: undefined, key: cacheKey({ parent: this.#image.id, instruction: 'fire ONBUILD' }) });
      for (const text of triggers) await this.run(parseInstruction({ line: 0, text, heredocs: [] }, '\\'));
    }
    for (const instruction of instructions) {
      this.#context.session.checkCancelled();
      this.#context.announce(instruction.text);
      await this.run(instruction);
    }
    return this.#image;
  }

  async run(instruction: Instruction): Promise<void> {
    switch (instruction.kind) {
      case 'FROM':
        throw new DockerfileError(instruction.line, 'FROM cannot stand here');
      case 'ARG':
        return await this.#declare(instruction);
      case 'RUN':
        return this.#run(instruction);
      case 'COPY':
      case 'ADD':
        return this.#copy(instruction);
      case 'WORKDIR':
        return this.#workdir(instruction);
      case 'MAINTAINER':
        return this.#metadata(instruction, this.#config, this.#expand(instruction.value, instruction.line));
      default:
        this.#ownCommand ||= instruction.kind === 'CMD';
        return this.#metadata(
          instruction,
          applyMetadata(this.#config, instruction, (text) => this.#expand(text, instruction.line), { ownCommand: this.#ownCommand }),
        );
    }
  }

  /** As Docker does, a stage without a PATH has the usual one. */
  get #config(): ImageRunConfig {
    const { config } = this.#image.config;
    return config.Env?.some((entry) => entry.startsWith('PATH=')) ? config : { ...config, Env: [...(config.Env ?? []), DEFAULT_PATH] };
  }

  #expand(text: string, line: number): string {
    return expandAt(text, line, this.#context.escape, (name) => this.#environment(name) ?? this.#args.get(name) ?? this.#predefined(name));
  }

  #environment(name: string): string | undefined {
    return this.#config.Env?.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  #predefined(name: string): string | undefined {
    return PREDEFINED_ARGS.includes(name) ? (this.#context.session.request.buildArgs?.[name] ?? undefined) : undefined;
  }

  async #declare(instruction: Extract<Instruction, { kind: 'ARG' }>): Promise<void> {
    for (const { name, value } of instruction.args) {
      this.#context.usedArgs.add(name);
      const given = this.#context.session.request.buildArgs?.[name];
      const chosen = given ?? (value === undefined ? this.#context.globals.get(name) : this.#expand(value, instruction.line));
      if (chosen !== undefined) this.#args.set(name, chosen);
    }
    await this.#context.session.say(` ---> ${shortId(this.#image)}\n`);
  }

  /** Arguments that a RUN sees: an ENV of the same name wins. */
  #runArgs(): readonly string[] {
    return [...this.#args]
      .filter(([name]) => this.#environment(name) === undefined)
      .map(([name, value]) => `${name}=${value}`)
      .sort();
  }

  async #run(instruction: Extract<Instruction, { kind: 'RUN' }>): Promise<void> {
    const { request } = this.#context.session;
    const args = this.#runArgs();
    const words = runWords(instruction, this.#config);
    const network = instruction.network ?? request.networkMode ?? 'default';
    const key = cacheKey({ parent: this.#image.id, instruction: `RUN ${network} ${JSON.stringify(words)}`, args });
    if (await this.#fromCache(key)) return;
    const proxies = PREDEFINED_ARGS.flatMap((name) => (request.buildArgs?.[name] ? [`${name}=${request.buildArgs[name]}`] : []));
    const layer = await runStep(this.#context.session, this.#image, instruction, [...args, ...proxies]);
    const shown = args.length > 0 ? `|${args.length} ${args.join(' ')} ${words.join(' ')}` : words.join(' ');
    await this.#commit({ text: shown, config: this.#config, layer, key });
  }

  async #copy(instruction: CopyInstruction): Promise<void> {
    const { session } = this.#context;
    const folder = join(session.folder, session.nextName());
    await mkdir(folder, { mode: 0o700 });
    try {
      if (instruction.from === undefined) return await this.#copyFrom(instruction, this.#context.contextRoot, folder);
      const source = await this.#context.sourceImage(instruction.from, instruction.line);
      return await session.withSnapshot(source, (root) => this.#copyFrom(instruction, root, folder));
    } finally {
      await removeFolder(folder);
    }
  }

  async #copyFrom(instruction: CopyInstruction, root: string, folder: string): Promise<void> {
    const { session } = this.#context;
    const expandText = (text: string) => this.#expand(text, instruction.line);
    const expanded = { ...instruction, sources: instruction.sources.map(expandText) };
    const texts = instruction.heredocs.map((heredoc) => (heredoc.expand ? expandHeredoc(heredoc.content, expandText) : heredoc.content));
    const sources = await findSources(expanded, root, folder, session.signal, texts);
    const path = expandText(instruction.target);
    const chown = instruction.chown === undefined ? undefined : expandText(instruction.chown);
    const chmod = instruction.chmod === undefined ? undefined : expandText(instruction.chmod);
    const text = JSON.stringify([instruction.kind, expanded.sources, path, chown ?? '', chmod ?? '']);
    const key = cacheKey({ parent: this.#image.id, instruction: text, content: await hashSources(sources) });
    if (await this.#fromCache(key)) return;
    const layer = await copyStep(session, this.#image, sources, { path, chown, chmod, line: instruction.line });
    await this.#commit({ text: instruction.text, config: this.#config, layer, key });
  }

  async #workdir(instruction: Extract<Instruction, { kind: 'WORKDIR' }>): Promise<void> {
    const config = applyMetadata(this.#config, instruction, (text) => this.#expand(text, instruction.line));
    const path = config.WorkingDir ?? '/';
    const key = cacheKey({ parent: this.#image.id, instruction: `WORKDIR ${path}` });
    if (await this.#fromCache(key)) return;
    const layer = await workdirStep(this.#context.session, this.#image, path);
    await this.#commit({ text: `WORKDIR ${path}`, config, layer, key });
  }

  async #metadata(instruction: Instruction, config: ImageRunConfig, author?: string): Promise<void> {
    const key = cacheKey({ parent: this.#image.id, instruction: instruction.kind, content: JSON.stringify([config, author ?? '']) });
    if (await this.#fromCache(key)) return;
    await this.#commit({ text: instruction.text, config, layer: undefined, key, ...(author === undefined ? {} : { author }) });
  }

  async #fromCache(key: string): Promise<boolean> {
    const { session } = this.#context;
    const hit = session.request.noCache ? undefined : await session.cache.find(key);
    if (!hit) return false;
    await session.hold(hit);
    this.#image = hit;
    await session.say(` ---> Using cache\n ---> ${shortId(hit)}\n`);
    return true;
  }

  async #commit(step: { text: string; config: ImageRunConfig; layer: Layer | undefined; key: string; author?: string }): Promise<void> {
    const { session } = this.#context;
    const parent = this.#image;
    const created = new Date(session.options.clock.now()).toISOString();
    const entry = {
      created,
      created_by: step.text,
      ...(step.layer ? {} : { empty_layer: true }),
      ...(step.author === undefined ? {} : { author: step.author }),
    };
    const layers = step.layer ? [...layersOf(parent), step.layer] : layersOf(parent);
    this.#image = await session.options.images.create({
      config: {
        ...parent.config,
        ...(step.author === undefined ? {} : { author: step.author }),
        created,
        config: step.config,
        rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
        history: [...(parent.config.history ?? []), entry],
      },
      layers,
    });
    await session.hold(this.#image);
    await session.cache.remember(step.key, parent.id, this.#image.id);
    await session.say(` ---> ${shortId(this.#image)}\n`);
  }
}

/** Expands a word; a mistake in it names the line. */
export function expandAt(text: string, line: number, escape: string, lookup: (name: string) => string | undefined): string {
  try {
    return expand(text, lookup, escape);
  } catch (error) {
    if (error instanceof ExpansionError) throw new DockerfileError(line, `failed to process ${JSON.stringify(text)}: ${error.message}`);
    throw error;
  }
}

/** Variables of a here-document; its quotes stay as they are. */
function expandHeredoc(content: string, expandText: (text: string) => string): string {
  return content.replace(/\\\$|\$\{[^}]*\}|\$[A-Za-z_]\w*/g, (found) => (found === '\\$' ? '$' : expandText(found)));
}

export function shortId(image: Image): string {
  return image.id.replace(/^sha256:/, '').slice(0, 12);
}
