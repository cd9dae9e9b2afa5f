import { BuildStepError } from '../errors.ts';

/** A repository's address in parts: `URL#REF:FOLDER`, or `URL?branch=…&subdir=…`. */
export interface GitPlace {
  readonly repository: string;
  /** As it was written: a branch, a tag, a whole name below `refs/`, a commit; empty for the repository's own choice. */
  readonly ref: string;
  readonly folder: string;
  /** What the commit's digits begin with. */
  readonly checksum?: string;
  readonly keepGitFolder?: boolean;
  /** False leaves the submodules out. */
  readonly submodules?: boolean;
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const QUERY_FIELDS = ['ref', 'tag', 'branch', 'subdir', 'checksum', 'commit', 'keep-git-dir', 'submodules'];

/** Takes an address apart. Pure. Errors: `BUILD_STEP_FAILED` for a query that means nothing. */
export function parseGitPlace(text: string): GitPlace {
  const [address = '', fragment = ''] = splitAt(text, '#');
  const [repository = '', query] = /^(?:https?|git|ssh):\/\//.test(address) ? splitAt(address, '?') : [address];
  const [ref = '', folder = ''] = splitAt(fragment, ':');
  if (query === undefined) return { repository, ref, folder };
  const refuse = (problem: string) => new BuildStepError(`Cannot take ${text} for a repository: ${problem}`);
  if (fragment !== '') throw refuse('write the ref and the folder in the query or behind #, not in both');
  return { repository, ...fromQuery(new URLSearchParams(query), refuse) };
}

/** Whether a ref is a commit itself. */
export function isCommit(ref: string): boolean {
  return COMMIT.test(ref);
}

/** The names that a ref may mean in a repository, the likeliest first. */
export function refNames(ref: string): readonly string[] {
  if (ref === '' || ref === 'HEAD') return ['HEAD'];
  return ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`, `refs/${ref}`];
}

function fromQuery(query: URLSearchParams, refuse: (problem: string) => BuildStepError): Omit<GitPlace, 'repository'> {
  const one = (name: string) => query.get(name) ?? undefined;
  for (const name of query.keys()) {
    if (!QUERY_FIELDS.includes(name)) throw refuse(`its query has ${QUERY_FIELDS.join(', ')}; there is no ${name}`);
    if (query.getAll(name).length > 1) throw refuse(`${name} is given twice`);
  }
  const refs = [
    ['ref', one('ref')],
    ['branch', prefixed('refs/heads/', one('branch'))],
    ['tag', prefixed('refs/tags/', one('tag'))],
  ].filter((pair): pair is [string, string] => pair[1] !== undefined);
  if (refs.length > 1) throw refuse(`it has ${refs.map(([name]) => name).join(' and ')}; one of them says what to take`);
  const sums = [one('checksum'), one('commit')].filter((text) => text !== undefined);
  if (sums.length > 1) throw refuse('checksum and commit are the same: write one of them');
  const checksum = sums[0];
  if (checksum !== undefined && !/^[0-9a-f]{7,64}$/.test(checksum)) throw refuse(`"${checksum}" is no commit: it has 7 to 64 hexadecimal digits`);
  const [keepGitFolder, submodules] = ['keep-git-dir', 'submodules'].map((name) => switchOf(name, one(name), refuse));
  return {
    // A whole commit needs no name.
    ref: refs[0]?.[1] ?? (checksum !== undefined && isCommit(checksum) ? checksum : ''),
    folder: one('subdir') ?? '',
    ...(checksum === undefined ? {} : { checksum }),
    ...(keepGitFolder === undefined ? {} : { keepGitFolder }),
    ...(submodules === undefined ? {} : { submodules }),
  };
}

function prefixed(prefix: string, name: string | undefined): string | undefined {
  return name === undefined || name.startsWith(prefix) ? name : `${prefix}${name}`;
}

/** A name alone means true. */
function switchOf(name: string, value: string | undefined, refuse: (problem: string) => BuildStepError): boolean | undefined {
  if (value === undefined) return undefined;
  if (/^(?:|1|true)$/i.test(value)) return true;
  if (/^(?:0|false)$/i.test(value)) return false;
  throw refuse(`${name} is true or false, not ${value}`);
}

function splitAt(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
}
