import { Transform } from 'node:stream';

/** Between two reports of one transfer lie at least so many bytes. */
const STEP_BYTES = 512 * 1024;

/** Passes bytes on and tells how many have passed. */
export function counted(onProgress: (passed_bytes: number) => void): Transform {
  let passed_bytes = 0;
  let told_bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed_bytes += chunk.length;
      if (passed_bytes - told_bytes >= STEP_BYTES) onProgress((told_bytes = passed_bytes));
      done(null, chunk);
    },
  });
}
