import { resolve } from 'node:path';
import { UsageError } from '../errors.ts';

export interface Volumes {
  readonly binds: readonly string[];
  /** Places of anonymous volumes. */
  readonly anonymous: Readonly<Record<string, object>>;
}

/** `-v`: `PATH_OR_NAME:TARGET[:OPTIONS]`, or `TARGET` alone for an anonymous volume. Host paths are made whole from `folder`. Errors: `USAGE`. */
export function parseVolumes(texts: readonly string[], folder: string): Volumes {
  const binds: string[] = [];
  const anonymous: Record<string, object> = {};
  for (const text of texts) {
    const [source = '', target, ...rest] = text.split(':');
    if (target === undefined) anonymous[absolute(source, text)] = {};
    else if (source === '' || rest.length > 1) throw badVolume(text);
    else binds.push([isPath(source) ? resolve(folder, source) : source, absolute(target, text), ...rest].join(':'));
  }
  return { binds, anonymous };
}

function isPath(source: string): boolean {
  return source.startsWith('/') || /^\.{1,2}(?:\/|$)/.test(source);
}

function absolute(target: string, text: string): string {
  if (!target.startsWith('/')) throw badVolume(text);
  return target;
}

function badVolume(text: string): UsageError {
  return new UsageError(`Cannot mount "${text}": write SOURCE:/TARGET[:ro], where SOURCE is a path or a volume's name, or /TARGET alone`);
}
