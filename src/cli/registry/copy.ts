import type { Command } from '../command.ts';
import { formatBytes } from '../docker/sizes.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say } from '../terminal.ts';
import { manifestIn, openClient, REGISTRY_OPTIONS } from './client.ts';
import { loginOf } from '../logins.ts';

const WORDS = { here: 'already there', mounted: 'mounted', moved: 'copied' } as const;

export const copy: Command = {
  usage: 'copy [--platform OS/ARCH[/VARIANT]] [--referrers] [--json] [--data-dir D] [--run-dir R] SRC DST',
  async run(commandArguments, terminal) {
    const options = { platform: { type: 'string' }, referrers: { type: 'boolean', default: false }, ...REGISTRY_OPTIONS } as const;
    const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
    const [from, to, ...more] = positionals;
    if (from === undefined || to === undefined || more.length > 0)
      throw new UsageError('Cannot tell what to copy where: gantry registry copy SRC DST, both names with their registries');
    using client = await openClient(values, terminal);
    const [source, target] = [client.parse(from), client.parse(to)];
    const isSame = source.registry === target.registry;
    const [login, targetLogin] = [await loginOf(source.registry, terminal.environment), await loginOf(target.registry, terminal.environment)];
    const digest = await client.copy({
      source: client.repository(source, 'pull', login),
      target: client.repository(target, 'pull,push', targetLogin, isSame ? source.repository : undefined),
      reference: manifestIn(source),
      targetReference: manifestIn(target),
      ...(values.platform === undefined ? {} : { platform: platformIn(values.platform) }),
      referrers: values.referrers,
      ...(isSame ? { mountFrom: source.repository } : {}),
      tell: (blob, done) => values.json || say(terminal, `${blob.digest} ${formatBytes(blob.size)} ${WORDS[done]}`),
    });
    say(terminal, values.json ? JSON.stringify({ digest }) : `${to} ${digest}`);
    return 0;
  },
};

function platformIn(text: string): { readonly os: string; readonly architecture: string; readonly variant?: string } {
  const [os, architecture, variant, ...more] = text.split('/');
  if (!os || !architecture || more.length > 0) throw new UsageError(`Cannot take "${text}" for --platform: write it as linux/arm64 or linux/arm/v7`);
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
