import { constants } from 'node:os';
import { invalid } from './errors.ts';

const REALTIME_MIN = 34;
const SIGNAL_MAX = 64;

/** Number of a signal by name (`SIGTERM`, `TERM`, `RTMIN+3`) or number. Errors: `ENGINE_INVALID`. */
export function signalNumber(text: string): number {
  const word = text.trim().toUpperCase();
  if (/^\d+$/.test(word)) {
    const number = Number(word);
    if (number >= 1 && number <= SIGNAL_MAX) return number;
  }
  const name = word.startsWith('SIG') ? word : `SIG${word}`;
  const known = Object.entries(constants.signals).find(([each]) => each === name);
  if (known) return known[1];
  const realtime = /^SIGRT(?:(?<least>MIN)(?:\+(?<above>\d+))?|MAX(?:-(?<below>\d+))?)$/.exec(name)?.groups;
  const distance = Number(realtime?.above ?? realtime?.below ?? 0);
  if (realtime && distance <= SIGNAL_MAX - REALTIME_MIN) return realtime.least === undefined ? SIGNAL_MAX - distance : REALTIME_MIN + distance;
  throw invalid('signal', `"${text}" is no signal; give a name as SIGTERM or a number from 1 to ${SIGNAL_MAX}`);
}
