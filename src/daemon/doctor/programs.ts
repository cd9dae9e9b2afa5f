import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Finding } from './types.ts';

/** The system's programs that Gantry stands on, and Debian's and Ubuntu's package of each. */
export const PROGRAMS = [
  { program: 'crun', package: 'crun', why: 'starts the containers' },
  { program: 'conmon', package: 'conmon', why: 'keeps their logs and exit codes while the daemon is away' },
  { program: 'nft', package: 'nftables', why: 'leads packets to containers and Services' },
  { program: 'ip', package: 'iproute2', why: 'makes links and addresses' },
  { program: 'tar', package: 'tar', why: 'packs and unpacks file systems' },
  { program: 'ps', package: 'procps', why: 'answers docker top' },
  { program: 'unshare', package: 'util-linux', why: 'keeps the runtime in a mount namespace of its own' },
] as const;

/** What only the demo and the tests use. */
export const DEMO_PROGRAMS = [
  { program: 'busybox', package: 'busybox-static', why: 'is the base image of the demo and the tests' },
  { program: 'catatonit', package: 'catatonit', why: 'is the init of docker run --init; one of tini or docker-init does too' },
  { program: 'curl', package: 'curl', why: 'asks published ports in the demo' },
] as const;

/** Where the program is on the path; undefined when it is not. */
export async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, name);
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this folder: the next one is tried, and the caller is told when none has it.
      continue;
    }
  }
  return undefined;
}

/** One finding for each program. */
export function checkPrograms(path: string, programs: readonly { program: string; package: string; why: string }[]): Promise<Finding[]> {
  return Promise.all(
    programs.map(async ({ program, package: packageName, why }): Promise<Finding> => {
      const found = await findProgram(program, path);
      if (found !== undefined) return { name: program, ok: true, detail: found };
      return {
        name: program,
        ok: false,
        detail: `${program} is not installed; it ${why}`,
        remedy: { kind: 'package', package: packageName, why: `it ${why}` },
      };
    }),
  );
}
