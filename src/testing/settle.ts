/** Turns of the event loop without anything under way after which it stays so. */
const QUIET_TURNS = 12;

/** Resolves when `pulse`, which changes with whatever happens, has stood still for as many turns of the event loop as any work needs to be seen. */
export async function settle(pulse: () => string): Promise<void> {
  for (let quiet = 0, seen = pulse(); quiet < QUIET_TURNS; ) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = pulse();
    quiet = now === seen ? quiet + 1 : 0;
    seen = now;
  }
}
