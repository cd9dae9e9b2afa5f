import { writeSync } from 'node:fs';
import { isSystemError } from './errors.ts';

/** A disk that is full, a reader that is gone or does not keep up. */
const LOSSES = ['ENOSPC', 'EDQUOT', 'EPIPE', 'EAGAIN'];

/**
 * Writes lines to an open file. What it does not take is lost, and the program goes on: it does not end because it can't be told what it does.
 * A line of which the file took a part only is ended before the next one.
 */
export function lineWriter(fd: number): (line: string) => void {
  let isTorn = false;
  return (line) => {
    const bytes = Buffer.from(isTorn ? `\n${line}` : line);
    try {
      isTorn = writeSync(fd, bytes) < bytes.length;
    } catch (error) {
      if (!LOSSES.some((code) => isSystemError(error, code))) throw error;
    }
  };
}
