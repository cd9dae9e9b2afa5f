import type { Writable } from 'node:stream';

/** Gives a program all its input; what comes after it has ended, as it may before the padding behind the end mark, is read and dropped. */
export async function feed(input: AsyncIterable<Uint8Array>, target: Writable): Promise<void> {
  let isOpen = true;
  const closed = new Promise<void>((resolve) => {
    const end = () => {
      isOpen = false;
      resolve();
    };
    // How it fared its exit status says.
    target.on('error', end).once('close', end);
  });
  try {
    for await (const piece of input) {
      if (isOpen && !target.write(piece)) await Promise.race([closed, new Promise((resolve) => target.once('drain', resolve))]);
    }
  } finally {
    // Also when the input breaks off: then it must not wait for more.
    target.end();
  }
}
