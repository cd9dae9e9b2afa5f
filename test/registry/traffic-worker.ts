import { request } from 'node:http';
import { pullWhole } from '../support/registry-pushes.ts';
import { seeded } from '../support/seeded.ts';
import { runTraffic } from './traffic.ts';

// Runs beside the daemon, in its namespaces: says "crash" once so many pushes were made, hears "up", and prints what it saw.
const [base = '', socketPath = '', seed = '1', crashAfter = '10'] = process.argv.slice(2);
let collections = 0;
let isUp: Promise<void> = Promise.resolve();

function collect(): Promise<void> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path: '/registry/collect', method: 'POST' }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`collect answers ${response.statusCode}`))));
    });
    asking.on('error', reject);
    asking.end();
  });
}

const { acknowledged, ...seen } = await runTraffic({
  base,
  random: seeded(Number(seed)),
  pushers: 4,
  pushesEach: 10,
  async collect() {
    collections += 1;
    if (collections === Number(crashAfter)) {
      isUp = new Promise((resolve) => process.stdin.once('data', () => resolve()));
      process.stdout.write('crash\n');
    }
    await isUp;
    await collect();
  },
  mayFail: (error) =>
    error instanceof Error &&
    ('code' in error ? /ECONN|EPIPE|ENOENT/.test(String(error.code)) : /fetch failed|terminated|BLOB_UPLOAD_UNKNOWN/.test(error.message)),
});
for (const one of acknowledged) await pullWhole(base, one);
process.stdin.destroy();
process.stdout.write(JSON.stringify({ ...seen, left: acknowledged.length }));
