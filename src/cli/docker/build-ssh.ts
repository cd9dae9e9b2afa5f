import { resolve } from 'node:path';
import { UsageError } from '../errors.ts';

/** `default` for the agent of SSH_AUTH_SOCK, or `ID=SOCKET`: absolute paths of sockets by id. Errors: `USAGE`. Pure. */
export function agentsOf(given: readonly string[], environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      const id = at < 0 ? text : text.slice(0, at);
      const path = at < 0 ? environment.SSH_AUTH_SOCK : text.slice(at + 1);
      if (id === '' || (at < 0 && id !== 'default')) throw new UsageError(`Cannot take "${text}" for --ssh: write default, or ID=SOCKET`);
      if (!path) throw new UsageError(`Cannot forward the SSH agent ${id}: ${at < 0 ? 'SSH_AUTH_SOCK is not set' : 'its socket is not named'}`);
      return [id, resolve(path)] as const;
    }),
  );
}
