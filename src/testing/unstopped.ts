/** Names the cluster when the process ends, unless it is told before that it was stopped. */
export function nameUnstopped(cluster: string, startedAt: string): Disposable {
  const onExit = () =>
    process.stderr.write(
      `gantry/testing: ${cluster} was never stopped. It was started ${startedAt}; write "await using cluster = …", or call cluster.stop()\n`,
    );
  // A hundred clusters side by side are no leak of listeners.
  process.setMaxListeners(process.getMaxListeners() + 1).on('exit', onExit);
  return { [Symbol.dispose]: () => void process.off('exit', onExit).setMaxListeners(process.getMaxListeners() - 1) };
}

/** The line of the caller's own file that a new error was made for: the first one outside this folder. */
export function callerOf(stack: string, own: string): string {
  const line = stack
    .split('\n')
    .slice(1)
    .find((frame) => !frame.includes(own) && !frame.includes('node:'));
  return line?.trim() ?? 'at an unknown place';
}
