import { type ChildProcess, spawn } from 'node:child_process';

/** A network and mount namespace of a test's own, with loopback and one link that stands for the machine's own. */
export interface Namespaces extends AsyncDisposable {
  /** The words that run a command in them, in a folder. */
  enter(command: readonly string[], folder?: string): readonly string[];
}

const SET_UP = [
  'ip link set lo up',
  'ip link add host0 type veth peer name host1',
  'ip addr add 192.0.2.10/24 dev host0',
  'ip link set host0 up',
  'ip link set host1 up',
  'echo ready',
  // Holds the namespaces open until its input ends with the test, whatever happens to the test.
  'exec cat >/dev/null',
].join(' && ');

/** Makes them; they end with this process at the latest. */
export async function openNamespaces(): Promise<Namespaces> {
  const keeper = spawn('unshare', ['--net', '--mount', 'sh', '-c', SET_UP], { stdio: ['pipe', 'pipe', 'inherit'] });
  await firstOutput(keeper);
  return {
    enter: (command, folder = '/') => ['nsenter', '--net', '--mount', `--wdns=${folder}`, '--target', String(keeper.pid), '--', ...command],
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => keeper.once('exit', resolve));
      keeper.stdin?.end();
      await gone;
    },
  };
}

function firstOutput(keeper: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    keeper.once('error', reject);
    keeper.once('exit', (code) => reject(new Error(`unshare ended with exit status ${code}`)));
    keeper.stdout?.once('data', () => resolve());
  });
}
