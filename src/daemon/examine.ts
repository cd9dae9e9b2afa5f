import { systemRandom } from '#kit';
import { openLinux } from '#linux';
import { checkForwarding, checkPrograms, DEMO_PROGRAMS, type Finding, installPackages, PROGRAMS, tryKernel, wantedPackages } from './doctor/index.ts';

/** What `gantry doctor` does: looks for the programs, installs what is missing when `fix`, and tries what the daemon will do. */
export async function examine(options: { fix: boolean; path: string; say: (line: string) => void }): Promise<readonly Finding[]> {
  const look = () => checkPrograms(options.path, [...PROGRAMS, ...(options.fix ? DEMO_PROGRAMS : [])]);
  let programs = await look();
  if (process.getuid?.() !== 0) {
    const advice = 'run it as root: engine, node and network make namespaces, mounts and links';
    return [...programs, { name: 'root', ok: false, detail: `user ${process.getuid?.()} may not make containers`, remedy: { kind: 'advice', advice } }];
  }
  if (options.fix) {
    await installPackages(wantedPackages(programs), options);
    programs = await look();
  }
  if (programs.some(({ ok }) => !ok)) return programs;
  return [...programs, ...(await tryKernel(openLinux(), systemRandom)), await checkForwarding()];
}
