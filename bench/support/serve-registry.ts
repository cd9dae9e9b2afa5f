import { createServer } from 'node:http';
import { NO_REGISTRIES as registries, openImageStore } from '#image';
import { silentLogger as logger, systemClock as clock, systemRandom as random } from '#kit';
import { openLinux } from '#linux';
import { createRegistry } from '#registry';

// `serve-registry.ts FOLDER PORT`: the registry alone, with a store of its own, as another machine has it. `GET /fetched` says how often each blob was
// asked for. It ends with its input.

const [dataDir = '', port = ''] = process.argv.slice(2);
const store = await openImageStore({ dataDir: `${dataDir}/images`, linux: openLinux(), clock, random, logger, registries });
const registry = createRegistry({ images: store.images, dataDir: `${dataDir}/registry`, clock, random, logger });
await registry.start();
const fetched = new Map<string, number>();
const server = createServer({ requestTimeout: 0 }, (request, response) => {
  const { method, url = '' } = request;
  if (url === '/fetched') return void response.end(JSON.stringify(Object.fromEntries(fetched)));
  const digest = /\/blobs\/(sha256:[0-9a-f]+)$/.exec(url)?.[1];
  if (method === 'GET' && digest !== undefined) fetched.set(digest, (fetched.get(digest) ?? 0) + 1);
  registry.handler(request, response);
});
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
process.stdin.resume().once('end', () => {
  server.closeAllConnections();
  server.close(() => void registry.stop().then(() => store.stop()));
});
