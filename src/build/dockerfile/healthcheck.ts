import type { HealthConfig } from '#image';
import { DockerfileError } from '../errors.ts';
import type { InstructionBody } from './instructions.ts';
import { jsonForm, leadingFlags } from './words.ts';

const UNITS_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** A duration in Go's words (`1m30s`) as nanoseconds; undefined when it is none. */
export function parseDuration_ns(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  return Math.round(
    [...text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)].reduce((sum, [, figure, unit]) => sum + Number(figure) * (UNITS_NS[unit ?? ''] ?? 0), 0),
  );
}

/** `HEALTHCHECK [--interval=…] CMD …` or `HEALTHCHECK NONE`. */
export function healthcheck(text: string, line: number): Extract<InstructionBody, { kind: 'HEALTHCHECK' }> {
  const { flags, rest } = leadingFlags(text);
  const [word, command] = [rest.split(/\s/, 1)[0]?.toUpperCase(), rest.replace(/^\S+\s*/, '')];
  const options: { -readonly [K in keyof HealthConfig]: HealthConfig[K] } = {};
  for (const { name, value } of flags) {
    const key = { interval: 'Interval', timeout: 'Timeout', 'start-period': 'StartPeriod', 'start-interval': 'StartInterval' }[name];
    if (name === 'retries') {
      const retries = Number(value);
      if (!Number.isInteger(retries) || retries < 0) throw new DockerfileError(line, `--retries must be a number that is not negative, not "${value}"`);
      options.Retries = retries;
    } else if (key === 'Interval' || key === 'Timeout' || key === 'StartPeriod' || key === 'StartInterval') {
      const duration = parseDuration_ns(value ?? '');
      if (duration === undefined || (duration !== 0 && duration < 1e6))
        throw new DockerfileError(line, `--${name} must be a duration of at least 1ms, such as 30s, not "${value}"`);
      options[key] = duration;
    } else
      throw new DockerfileError(line, `HEALTHCHECK --${name} is not supported (known: --interval, --timeout, --start-period, --start-interval, --retries)`);
  }
  if (word === 'NONE') {
    if (command !== '') throw new DockerfileError(line, 'HEALTHCHECK NONE takes no arguments');
    return { kind: 'HEALTHCHECK', options };
  }
  if (word !== 'CMD') throw new DockerfileError(line, `Unknown type "${word}" in HEALTHCHECK (try CMD)`);
  if (command === '') throw new DockerfileError(line, 'Missing command after HEALTHCHECK CMD');
  const words = jsonForm(command);
  return { kind: 'HEALTHCHECK', options, command: words === undefined ? { form: 'shell', line: command } : { form: 'exec', words } };
}
