import type { CommandForm, Instruction, InstructionBody, RunMount } from './instructions.ts';
import type { Heredoc } from './lines.ts';

/** A Dockerfile that reads as these instructions: what the round trip in the tests goes through. */
export function printDockerfile(instructions: readonly InstructionBody[]): string {
  return `${instructions.map(printInstruction).join('\n')}\n`;
}

/** An instruction without its place and its text: what two readings of it have in common. */
export function bodyOf(instruction: Instruction): InstructionBody {
  const { line: _line, text: _text, place: _place, ...body } = instruction;
  return body;
}

/** An instruction's text, and what is to be written about and in it. */
export interface Noise {
  readonly text: string;
  readonly above: string;
  readonly inside: string;
  readonly lower: boolean;
  readonly cut: boolean;
}

/** A file of these instructions, written in another way that says the same, and the first and last line of each. */
export function disturbed(
  instructions: readonly Noise[],
  { bom, windows, escape }: { readonly bom: boolean; readonly windows: boolean; readonly escape: '\\' | '`' },
): { source: string; lines: readonly (readonly [number, number])[] } {
  const written = escape === '`' ? ['# escape=`', 'FROM base'] : ['FROM base'];
  const lines: (readonly [number, number])[] = [[written.length, written.length]];
  for (const { text, above, inside, lower, cut } of instructions) {
    written.push(above);
    const at = text.indexOf(' ');
    const word = lower ? text.slice(0, at).toLowerCase() : text.slice(0, at);
    const own = (cut ? [`${word} ${escape}`, inside, text.slice(at + 1)].join('\n') : word + text.slice(at)).split('\n');
    lines.push([written.length + 1, written.length + own.length]);
    written.push(...own);
  }
  return { source: `${bom ? '\uFEFF' : ''}${written.join(windows ? '\r\n' : '\n')}`, lines };
}

/** One instruction as it may be written. */
export function printInstruction(body: InstructionBody): string {
  switch (body.kind) {
    case 'FROM':
      return words(['FROM', flag('platform', body.platform), body.image, body.stage === undefined ? '' : `AS ${body.stage}`]);
    case 'ARG':
      return words(['ARG', ...body.args.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`))]);
    case 'ENV':
    case 'LABEL':
      return words([body.kind, ...body.pairs.map(([name, value]) => (body.old ? `${name} ${value}` : `${name}=${value}`))]);
    case 'WORKDIR':
    case 'USER':
    case 'STOPSIGNAL':
    case 'MAINTAINER':
      return words([body.kind, body.value]);
    case 'COPY':
    case 'ADD':
      return printCopy(body);
    case 'RUN':
      return printRun(body);
    case 'CMD':
    case 'ENTRYPOINT':
      return words([body.kind, command(body.command)]);
    case 'SHELL':
      return words(['SHELL', JSON.stringify(body.words)]);
    case 'EXPOSE':
      return words(['EXPOSE', ...body.values]);
    case 'VOLUME':
      return words(['VOLUME', JSON.stringify(body.values)]);
    case 'HEALTHCHECK':
      return printHealthcheck(body);
    case 'ONBUILD':
      return words(['ONBUILD', body.trigger]);
  }
}

function printHealthcheck({ options, command: test }: Extract<InstructionBody, { kind: 'HEALTHCHECK' }>): string {
  const duration = (name: string, value: number | undefined) => flag(name, value === undefined ? undefined : `${value}ns`);
  return words([
    'HEALTHCHECK',
    duration('interval', options.Interval),
    duration('timeout', options.Timeout),
    duration('start-period', options.StartPeriod),
    duration('start-interval', options.StartInterval),
    flag('retries', options.Retries === undefined ? undefined : `${options.Retries}`),
    test === undefined ? 'NONE' : `CMD ${command(test)}`,
  ]);
}

function printCopy(body: Extract<InstructionBody, { kind: 'COPY' | 'ADD' }>): string {
  const paths = [...body.sources, body.target];
  const flags = [
    flag('from', body.from),
    flag('chown', body.chown),
    flag('chmod', body.chmod),
    flag('link', body.link),
    flag('parents', body.parents),
    ...(body.excludes ?? []).map((pattern) => flag('exclude', pattern)),
    flag('checksum', body.checksum),
    flag('keep-git-dir', body.keepGitFolder),
    flag('unpack', body.unpack),
  ];
  if (body.heredocs.length === 0) return words([body.kind, ...flags, JSON.stringify(paths)]);
  return withHeredocs(words([body.kind, ...flags, ...body.heredocs.map(opening), ...paths]), body.heredocs);
}

function printRun(body: Extract<InstructionBody, { kind: 'RUN' }>): string {
  const mounts = (body.mounts ?? []).map((mount) => flag('mount', printMount(mount)));
  return withHeredocs(words(['RUN', flag('network', body.network), flag('security', body.security), ...mounts, command(body.command)]), body.heredocs);
}

function printMount(mount: RunMount): string {
  const option = (name: string, value: string | number | boolean | undefined) => (value === undefined ? [] : [`${name}=${value}`]);
  const common = [`type=${mount.type}`, ...option('target', mount.target)];
  switch (mount.type) {
    case 'bind':
      return [...common, ...option('source', mount.source), ...option('from', mount.from), ...option('rw', mount.readWrite)].join(',');
    case 'tmpfs':
      return [...common, ...option('size', mount.size_bytes), ...option('ro', mount.readOnly)].join(',');
    case 'cache':
      return [...common, ...option('id', mount.id), ...option('from', mount.from), ...option('source', mount.source), `sharing=${mount.sharing}`]
        .concat(`ro=${mount.readOnly}`, owner(mount))
        .join(',');
    default:
      return [...common, ...option('id', mount.id), ...option('env', mount.environment), `required=${mount.required}`, ...owner(mount)].join(',');
  }
}

function owner({ mode, uid, gid }: { mode: number; uid: number; gid: number }): string[] {
  return [`mode=${mode.toString(8)}`, `uid=${uid}`, `gid=${gid}`];
}

function command(form: CommandForm): string {
  return form.form === 'exec' ? JSON.stringify(form.words) : form.line;
}

function opening({ name, expand }: Heredoc): string {
  return expand ? `<<${name}` : `<<"${name}"`;
}

function withHeredocs(line: string, heredocs: readonly Heredoc[]): string {
  return [line, ...heredocs.map(({ name, content }) => `${content}${name}`)].join('\n');
}

function flag(name: string, value: string | boolean | undefined): string {
  return value === undefined ? '' : `--${name}=${value}`;
}

function words(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
