import { familiarName, formatReference, parseReference } from '#image';
import type { FilesFrom, Operation } from './graph.ts';

/** What a named context is taken from: an image by its name or id, or files. */
export type NamedContext = { readonly kind: 'image'; readonly name: string } | { readonly kind: 'files'; readonly files: NamedFiles };
/** Files that are on the disk already, or that a vertex fetches. */
export type NamedFiles = Exclude<FilesFrom, 'context'> | Extract<Operation, { kind: 'git' }>;
/** The context that was given in place of a stage or an image; undefined without one. */
export type FindContext = (name: string) => NamedContext | undefined;

/** Finds contexts by what a Dockerfile says: `alpine`, `alpine:latest` and `docker.io/library/alpine` are one name, as in the reference. */
export function contextsBy(given: ReadonlyMap<string, NamedContext>): FindContext {
  const byNames = new Map([...given].map(([name, context]) => [usualName(name), context]));
  return (name) => (byNames.size === 0 || name === 'scratch' ? undefined : byNames.get(usualName(name)));
}

function usualName(name: string): string {
  try {
    return familiarName(formatReference(parseReference(name))).replace(/:latest$/, '');
  } catch {
    // The name of a stage is not always one of an image.
    return name;
  }
}
