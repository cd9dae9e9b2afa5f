import { systemClock } from '#kit';
import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say, table } from '../terminal.ts';
import { ago } from './ago.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';
import { splitReference } from './reference.ts';
import { formatBytes } from './sizes.ts';

const flag = { type: 'boolean', default: false } as const;

interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  /** Unix seconds. */
  readonly Created: number;
  /** Bytes. */
  readonly Size: number;
}

export const images: Command = {
  usage: `images [-a] [-q] [--no-trunc] ${DOCKER_USAGE} [REFERENCE]`,
  async run(commandArguments, terminal) {
    const options = { all: { ...flag, short: 'a' }, quiet: { ...flag, short: 'q' }, 'no-trunc': flag, ...DOCKER_OPTIONS } as const;
    const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
    const [reference, ...more] = positionals;
    if (more.length > 0) throw new UsageError('Cannot list images by more than one reference: gantry images [REFERENCE]');
    const client = await connectDocker(values, terminal);
    const filters = reference === undefined ? undefined : JSON.stringify({ reference: [reference] });
    const found = await client.json<readonly ImageSummary[]>({ method: 'GET', path: '/images/json', query: { all: values.all, filters } });
    const id = (image: ImageSummary) => (values['no-trunc'] ? image.Id : image.Id.replace(/^sha256:/, '').slice(0, 12));
    if (values.quiet) {
      for (const line of new Set(found.map(id))) say(terminal, line);
      return 0;
    }
    const rows = found.flatMap((image) =>
      namesOf(image).map(([name, tag]) => [name, tag, id(image), ago(image.Created, systemClock.now()), formatBytes(image.Size)]),
    );
    say(terminal, table(['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'], rows));
    return 0;
  },
};

function namesOf({ RepoTags }: ImageSummary): readonly (readonly [string, string])[] {
  if (RepoTags === null || RepoTags.length === 0) return [['<none>', '<none>']];
  return RepoTags.map((reference) => {
    const { name, tag = 'latest' } = splitReference(reference);
    return [name, tag];
  });
}
