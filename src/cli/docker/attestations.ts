import type { Command } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { write } from '../interact.ts';
import { parseOptions } from '../options.ts';
import { nameInPath } from './client.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';

/** What each kind is known by: its own media type, or what an in-toto statement is about. */
const TYPES: Readonly<Record<string, RegExp>> = {
  sbom: /^application\/(?:spdx|vnd\.cyclonedx)\+json$|^https:\/\/(?:spdx\.dev|cyclonedx\.org)\//,
  provenance: /^https:\/\/slsa\.dev\/provenance\//,
};
const OPTIONS = { type: { type: 'string' }, ...DOCKER_OPTIONS } as const;

interface Told {
  readonly ArtifactType: string;
  readonly PredicateType?: string;
  readonly Content: string;
}

export const attestations: Command = {
  usage: `attestations [--type sbom|provenance] ${DOCKER_USAGE} IMAGE`,
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: OPTIONS, allowPositionals: true });
    const [image, ...more] = positionals;
    if (image === undefined || more.length > 0) throw new UsageError('Cannot print attestations without one image: gantry attestations IMAGE');
    const type = values.type === undefined ? undefined : TYPES[values.type];
    if (values.type !== undefined && type === undefined) throw new UsageError(`Cannot take "${values.type}" for --type: it is sbom or provenance`);
    const client = await connectDocker(values, terminal);
    const all = await client.json<readonly Told[]>({ method: 'GET', path: `/gantry/images/${nameInPath(image)}/attestations` });
    const found = all.filter(({ ArtifactType, PredicateType = ArtifactType }) => type === undefined || type.test(PredicateType));
    if (found.length === 0) throw new CommandError(`Cannot find ${values.type ?? 'attestations'} of ${image}: build it with --sbom or --provenance`);
    for (const { Content } of found) await write(terminal.stdout, `${Content}\n`);
    return 0;
  },
};
