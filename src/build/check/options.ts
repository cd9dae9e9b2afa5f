import { DockerfileSyntaxError } from '../dockerfile/syntax-error.ts';

/** What `# check=…` asks for. */
export interface CheckOptions {
  readonly skip: 'all' | readonly string[];
  readonly experimental: 'all' | readonly string[];
  /** Findings make the build fail. */
  readonly error: boolean;
}
export const NO_OPTIONS: CheckOptions = { skip: [], experimental: [], error: false };

/** Reads `skip=RULE,…;experimental=RULE,…;error=true`. Errors: `DockerfileSyntaxError` at `line`. */
export function parseCheckOptions(text: string, line: number): CheckOptions {
  let options = NO_OPTIONS;
  for (const part of text.split(';')) {
    const [name = '', value = ''] = part.split('=', 2).map((word) => word.trim());
    if (name === 'skip' || name === 'experimental') options = { ...options, [name]: rules(value) };
    else if (name === 'error' && /^(?:1|t|true|0|f|false)$/i.test(value)) options = { ...options, error: /^(?:1|t|true)$/i.test(value) };
    else
      throw new DockerfileSyntaxError({
        line,
        problem: `failed to parse check options: invalid check option "${part.trim()}"`,
        remedy: 'write # check=skip=RULE,RULE;error=true',
      });
  }
  return options;
}

/** Options of the comments above an instruction, upon those of the file; a comment that does not read as such is a comment. */
export function withComments(options: CheckOptions, comments: readonly string[]): CheckOptions {
  for (const comment of comments) {
    const value = /^check\s*=\s*(\S+)/i.exec(comment)?.[1];
    const own = value === undefined ? undefined : readMaybe(value);
    if (own) return { skip: union(options.skip, own.skip), experimental: union(options.experimental, own.experimental), error: options.error };
  }
  return options;
}

function readMaybe(text: string): CheckOptions | undefined {
  try {
    return parseCheckOptions(text, 0);
  } catch (error) {
    if (error instanceof DockerfileSyntaxError) return undefined;
    throw error;
  }
}

function rules(value: string): 'all' | readonly string[] {
  return value === 'all' ? 'all' : value.split(',').map((name) => name.trim());
}

function union(one: CheckOptions['skip'], other: CheckOptions['skip']): CheckOptions['skip'] {
  return one === 'all' || other === 'all' ? 'all' : [...one, ...other];
}
