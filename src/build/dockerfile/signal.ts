import { constants } from 'node:os';

const REALTIME_MIN = 34;
const SIGNAL_MAX = 64;
/** What to write in place of what is no signal. */
export const SIGNAL_REMEDY = `write a name as SIGTERM or SIGRTMIN+3, or a number from 1 to ${SIGNAL_MAX}`;

/** Whether a text names a signal as the engine takes it: `SIGTERM`, `TERM`, `RTMIN+3` or a number. */
export function isSignal(text: string): boolean {
  const word = text.trim().toUpperCase();
  if (/^\d+$/.test(word)) return Number(word) >= 1 && Number(word) <= SIGNAL_MAX;
  const name = word.startsWith('SIG') ? word : `SIG${word}`;
  const realtime = /^SIGRT(?:MIN(?:\+(?<above>\d{1,2}))?|MAX(?:-(?<below>\d{1,2}))?)$/.exec(name)?.groups;
  const most = SIGNAL_MAX - REALTIME_MIN;
  return Object.hasOwn(constants.signals, name) || (realtime !== undefined && Number(realtime.above ?? realtime.below ?? 0) <= most);
}
