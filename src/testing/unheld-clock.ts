import { type Clock, systemClock } from '#kit';

/** The machine's clock, whose timers keep no process alive. */
export const unheldClock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  setTimer(delay_ms, callback) {
    const timer = systemClock.setTimer(delay_ms, callback);
    timer.unref();
    return timer;
  },
  sleep(delay_ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        timer[Symbol.dispose]();
        reject(signal?.reason);
      };
      const timer = unheldClock.setTimer(delay_ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};
