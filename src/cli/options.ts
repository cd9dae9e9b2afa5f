import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from './errors.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * node's own parser, its errors in our words. It also takes what users of docker and kubectl write and node does not:
 * `--watch=true`, `--wait=false`, `-o=json`. Errors: `USAGE`.
 */
export function parseOptions<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  const { settled, off } = settle(config.args ?? [], config.options ?? {});
  try {
    // The same configuration, with other words of the command line.
    const result = parseArgs({ ...config, args: settled } as T);
    // The values are a plain object of the parser's own making; `off` names booleans only.
    Object.assign(result.values, Object.fromEntries(off.map((name) => [name, false])));
    return result as ReturnType<typeof parseArgs<T>>;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Options up to the first operand, and the operands: what follows an image or a container is another command's. */
export function splitCommand(commandArguments: readonly string[], options: Options): { readonly own: readonly string[]; readonly operands: readonly string[] } {
  const { tokens } = parseArgs({ args: [...commandArguments], options, strict: false, allowPositionals: true, tokens: true });
  const first = tokens.find(({ kind }) => kind !== 'option');
  if (first === undefined) return { own: commandArguments, operands: [] };
  const operands = commandArguments.slice(first.kind === 'option-terminator' ? first.index + 1 : first.index);
  return { own: commandArguments.slice(0, first.index), operands };
}

/** The first operand where options may stand on both sides of it; undefined without one. */
export function firstOperand(commandArguments: readonly string[], options: Options): string | undefined {
  return splitCommand(commandArguments, options).operands[0];
}

/** A whole number of an option. Errors: `USAGE`, naming the option. */
export function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new UsageError(`Cannot take "${value}" for ${name}: it must be a whole number`);
  return Number(value);
}

function settle(given: readonly string[], options: Options): { readonly settled: string[]; readonly off: readonly string[] } {
  const settled: string[] = [];
  const off: string[] = [];
  const end = given.indexOf('--');
  const mine = end < 0 ? given : given.slice(0, end);
  for (const word of mine) {
    const [, dashes, given_name = '', value = ''] = /^(--?)([A-Za-z][\w-]*)=(.*)$/s.exec(word) ?? [];
    const name = dashes === '-' ? Object.keys(options).find((one) => options[one]?.short === given_name) : given_name;
    const option = name === undefined ? undefined : options[name];
    if (dashes === undefined || option === undefined) settled.push(word);
    else if (option.type === 'string') settled.push(`--${name}=${value}`);
    else if (value === 'true') settled.push(`--${name}`);
    else if (value === 'false') off.push(name ?? '');
    else throw new UsageError(`Cannot take "${value}" for ${dashes}${given_name}: it is true or false`);
  }
  return { settled: end < 0 ? settled : [...settled, ...given.slice(end)], off };
}
