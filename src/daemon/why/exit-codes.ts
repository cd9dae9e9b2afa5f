import { constants } from 'node:os';
import type { WhyFinding } from './types.ts';

const SIGNAL_BASE = 128;
const SIGNALS_MAX = 64;

/** What an exit code says, with the signals that were sent through Gantry. Pure. */
export function exitMeaning(exitCode: number, signals: readonly number[]): Pick<WhyFinding, 'detail' | 'advice'> {
  const said = `exit code ${exitCode}`;
  switch (exitCode) {
    case 0:
      return {
        detail: `${said}: its main process had done what it does, and ended`,
        advice: 'A container lasts as long as its main process: one that serves must stay in the foreground',
      };
    case 126:
      return {
        detail: `${said}: the command was found but could not be executed`,
        advice: 'Look at its mode (0755), and whether it is a program for this machine and not a folder',
      };
    case 127:
      return {
        detail: `${said}: the command was not found`,
        advice: 'Look at its name, and at PATH in the image; a script needs its interpreter in the image too',
      };
    case 139:
      return {
        detail: `${said}: it crashed at an address that is not its own (SIGSEGV)`,
        advice: 'That is an error of the program, or of a library that does not fit it',
      };
    case 255:
      return { detail: `${said}: it ended with -1, or its end was not seen because its monitor was gone too` };
  }
  const signal = exitCode - SIGNAL_BASE;
  if (signal <= 0 || signal > SIGNALS_MAX) return { detail: `${said}: the program said that it failed; what it means is the program's own` };
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;
  const by = signals.includes(signal) ? ', which was sent through Gantry ("stop" or "kill")' : '';
  return { detail: `${said}: it ended at the signal ${name}${by}` };
}
