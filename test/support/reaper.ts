import { request } from 'node:http';
import { createServer, type Socket } from 'node:net';

// A reaper for testcontainers, as an image's program: it takes lines of filters (`label=a=b&label=c=d`) over TCP, acknowledges each, and
// when the last client has been gone for RYUK_RECONNECTION_TIMEOUT removes what bears the labels, through the engine's socket.

const PORT = 8080;
const [, amount = '10', unit = 's'] = /^(\d+)(ms|s)$/.exec(process.env['RYUK_RECONNECTION_TIMEOUT'] ?? '') ?? [];
const PATIENCE_MS = Number(amount) * (unit === 'ms' ? 1 : 1000);

const labels = new Set<string>();
const clients = new Set<Socket>();
let deadline: NodeJS.Timeout | undefined;

createServer((client) => {
  clients.add(client);
  clearTimeout(deadline);
  let rest = '';
  client.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      for (const label of new URLSearchParams(line.trim()).getAll('label')) labels.add(label);
      client.write('ACK\n');
    }
  });
  client.on('error', (error) => process.stderr.write(`${error.message}\n`));
  client.once('close', () => {
    clients.delete(client);
    if (clients.size === 0) deadline = setTimeout(() => void reap(), PATIENCE_MS);
  });
}).listen(PORT, () => process.stdout.write('Started!\n'));

function ask(method: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: '/var/run/docker.sock', method, path: `/v1.44${path}` }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      answer.once('end', () => resolve(text === '' ? undefined : JSON.parse(text)));
    });
    sent.once('error', reject);
    sent.end();
  });
}

interface Found {
  readonly Id: string;
  readonly Name: string;
}

async function reap(): Promise<void> {
  for (const label of labels) {
    const query = `filters=${encodeURIComponent(JSON.stringify({ label: [label] }))}`;
    // The shapes are those of the Engine API.
    for (const { Id } of (await ask('GET', `/containers/json?all=1&${query}`)) as Found[])
      if (Id.slice(0, 12) !== process.env['HOSTNAME']) await ask('DELETE', `/containers/${Id}?force=1&v=1`);
    for (const { Id } of (await ask('GET', `/networks?${query}`)) as Found[]) await ask('DELETE', `/networks/${Id}`);
    for (const { Name } of ((await ask('GET', `/volumes?${query}`)) as { Volumes: Found[] }).Volumes) await ask('DELETE', `/volumes/${Name}?force=1`);
    for (const { Id } of (await ask('GET', `/images/json?${query}`)) as Found[]) await ask('DELETE', `/images/${Id}?force=1`);
  }
  process.exit(0);
}
