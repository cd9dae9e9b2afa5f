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
  const realtime = /^SIGRTMIN(?:\+(\d+))?$/.exec(name);
  if (realtime && REALTIME_MIN + Number(realtime[1] ?? 0) <= SIGNAL_MAX) return REALTIME_MIN + Number(realtime[1] ?? 0);
  throw invalid('signal', `"${text}" is no signal; give a name as SIGTERM or a number from 1 to ${SIGNAL_MAX}`);
}
