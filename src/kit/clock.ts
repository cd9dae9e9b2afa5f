/** A timer that was set; disposing it cancels it. */
export interface Timer extends Disposable {
  /** Let the process end although this timer is still set. */
  unref(): void;
}

/** Time, passed in so that tests can hold it. All figures are milliseconds. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds of a clock that never steps back; only differences mean something. */
  monotonic(): number;
  /** Calls `callback` once after `delay_ms`. */
  setTimer(delay_ms: number, callback: () => void): Timer;
  /** Resolves after `delay_ms`; rejects with the signal's reason when aborted first. */
  sleep(delay_ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delay_ms, callback) {
    const handle = setTimeout(callback, delay_ms);
    return {
      unref: () => void handle.unref(),
      [Symbol.dispose]: () => clearTimeout(handle),
    };
  },
  sleep: (delay_ms, signal) => sleepBy(systemClock, delay_ms, signal),
};

/** `Clock.sleep` by a clock's timers. */
export function sleepBy(clock: Pick<Clock, 'setTimer'>, delay_ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer[Symbol.dispose]();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(delay_ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
