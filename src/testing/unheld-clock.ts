import { type Clock, sleepBy, systemClock } from '#kit';

/** The machine's clock, whose timers keep no process alive. */
export const unheldClock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  setTimer(delay_ms, callback) {
    const timer = systemClock.setTimer(delay_ms, callback);
    timer.unref();
    return timer;
  },
  sleep: (delay_ms, signal) => sleepBy(unheldClock, delay_ms, signal),
};
