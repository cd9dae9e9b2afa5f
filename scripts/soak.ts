import { spawnSync } from 'node:child_process';

/** What `npm test` does as a seeded sample, in full: takes an hour and more. GANTRY_SEED replays a run. */
const FILES = [
  'src/cluster/store/lmdb.test.ts',
  'src/cluster/store/storm.test.ts',
  'src/image/image.root.test.ts',
  'src/engine/crash.root.test.ts',
  'test/engine/operations.root.test.ts',
  'test/cluster/cut-watches.test.ts',
  'test/docker/crash.root.test.ts',
  'test/docker/large-layer.root.test.ts',
  'test/docker/logs-while-down.root.test.ts',
  'test/kubectl/crash-and-down.root.test.ts',
  'test/kubectl/restless.root.test.ts',
  'test/kubectl/gone-clients.root.test.ts',
];
const KILLS = '300';
const WRITES = '1000000';
const UPDATES = '1000000';
const CHANGES = '5000';
const LAYER_MB = '2048';
const WATCHES = '200';
const TIMEOUT_MS = 3 * 3_600_000;

const root = new URL('..', import.meta.url).pathname;
const seed = process.env.GANTRY_SEED ?? String(Math.floor(Math.random() * 1_000_000));
process.stdout.write(`seed ${seed}\n`);
const { status } = spawnSync(process.execPath, ['--no-warnings', '--test', '--test-concurrency=1', `--test-timeout=${TIMEOUT_MS}`, ...FILES], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    GANTRY_SEED: seed,
    GANTRY_SOAK_KILLS: process.env.GANTRY_SOAK_KILLS ?? KILLS,
    GANTRY_SOAK_WRITES: process.env.GANTRY_SOAK_WRITES ?? WRITES,
    GANTRY_SOAK_UPDATES: process.env.GANTRY_SOAK_UPDATES ?? UPDATES,
    GANTRY_SOAK_LAYER_MB: process.env.GANTRY_SOAK_LAYER_MB ?? LAYER_MB,
    GANTRY_SOAK_CHANGES: process.env.GANTRY_SOAK_CHANGES ?? CHANGES,
    GANTRY_SOAK_WATCHES: process.env.GANTRY_SOAK_WATCHES ?? WATCHES,
  },
});
process.exitCode = status ?? 1;
