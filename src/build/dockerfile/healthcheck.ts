import type { HealthConfig } from '#image';
import { parseDuration_ns } from '#kit';
import { takeFlags, type Flags } from './flags.ts';
import type { InstructionBody } from './instructions.ts';
import type { Phrase } from './phrase.ts';
import { commandOf } from './run.ts';

const DURATIONS = { interval: 'Interval', timeout: 'Timeout', 'start-period': 'StartPeriod', 'start-interval': 'StartInterval' } as const;
const DURATION_NS_MIN = 1e6;
const RETRIES_MAX = 2 ** 31 - 1;

/** `HEALTHCHECK [--interval=…] CMD …` or `HEALTHCHECK NONE`. Errors: `DockerfileSyntaxError`. */
export function parseHealthcheck(phrase: Phrase): Extract<InstructionBody, { kind: 'HEALTHCHECK' }> {
  const { flags, rest } = takeFlags(phrase, { interval: 'text', timeout: 'text', 'start-period': 'text', 'start-interval': 'text', retries: 'text' });
  const written = /^\S*/.exec(rest.text)?.[0] ?? '';
  const command = rest.from(written.length);
  const options = readOptions(phrase, flags);
  if (written === '') return rest.refuse('HEALTHCHECK requires at least one argument', 'write HEALTHCHECK CMD and a command, or HEALTHCHECK NONE');
  const word = written.toUpperCase();
  if (word === 'NONE') {
    if (command.text !== '') return command.refuse('HEALTHCHECK NONE takes no arguments', 'end the line after NONE', 0);
    return { kind: 'HEALTHCHECK', options };
  }
  if (word !== 'CMD') return rest.refuse(`Unknown type "${word}" in HEALTHCHECK (try CMD)`, 'write CMD before the command', 0);
  if (command.text === '' || /^\[\s*\]$/.test(command.text))
    return rest.refuse('Missing command after HEALTHCHECK CMD', 'write the command that tells whether it is well');
  return { kind: 'HEALTHCHECK', options, command: commandOf(command) };
}

function readOptions(phrase: Phrase, flags: Flags): HealthConfig {
  const options: { -readonly [K in keyof HealthConfig]: HealthConfig[K] } = {};
  for (const [name, key] of Object.entries(DURATIONS)) {
    const text = flags.text(name);
    if (text === undefined || text === '') continue;
    const duration = parseDuration_ns(text);
    if (duration === undefined || (duration !== 0 && duration < DURATION_NS_MIN))
      return phrase.refuse(`--${name} must be a duration of at least 1ms, not "${text}"`, `write --${name}=30s or --${name}=1m30s`, flags.offset(name));
    options[key] = duration;
  }
  const retries = flags.text('retries');
  if (retries !== undefined) {
    if (!/^\d+$/.test(retries) || Number(retries) > RETRIES_MAX)
      return phrase.refuse(`--retries must be a number that is not negative, not "${retries}"`, 'write --retries=3', flags.offset('retries'));
    options.Retries = Number(retries);
  }
  return options;
}
