import type { ImageRunConfig } from '#image';
import { expand } from './dockerfile/expand.ts';
import { logicalLines } from './dockerfile/lines.ts';
import { parseInstruction } from './dockerfile/parse.ts';
import { DockerfileError } from './errors.ts';
import { applyMetadata } from './plan/metadata.ts';

const ALLOWED = ['CMD', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'HEALTHCHECK', 'LABEL', 'ONBUILD', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'];

/** Applies the `--change` lines of `docker import` and `docker commit`. Errors: `DockerfileError`. */
export function applyChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  const { lines } = logicalLines(changes.join('\n'));
  return lines.reduce((current, line) => {
    const instruction = parseInstruction(line, '\\');
    if (!ALLOWED.includes(instruction.kind))
      throw new DockerfileError(line.line, `${instruction.kind} is not a valid change command (known: ${ALLOWED.join(', ')})`);
    const environment = new Map((current.Env ?? []).map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
    return applyMetadata(current, instruction, (text) => expand(text, (name) => environment.get(name)));
  }, config);
}
