import { request, type RequestOptions } from 'node:https';
import { loadKubeconfig } from '#cluster/client';

// Asks an API server without a pause until it takes no more connections: `request-storm.ts KUBECONFIG`. Says `begun` when so many answers are
// there, and at the end in JSON what came of it all.

const WORKERS = 8;
const BEGUN_AT = 50;
const PATH = '/api/v1/namespaces/default/configmaps';

/** Ended before anything could be asked, answered whole, or neither. */
type Outcome = { readonly unconnected: string } | { readonly status: number; readonly text: string } | { readonly broken: string };

const [path = ''] = process.argv.slice(2);
const { server, ca, cert, key } = await loadKubeconfig(path);
const found = { answers: 0, created: [] as string[], unready: 0, unconnected: [] as string[], broken: [] as string[] };

/** By a connection of its own, as kubectl does. */
function ask(method: string, url: string, body?: object): Promise<Outcome> {
  return new Promise((resolve) => {
    let isConnected = false;
    const options: RequestOptions = { method, agent: false, headers: { 'content-type': 'application/json' }, ca, cert, key };
    const fail = (error: NodeJS.ErrnoException) => resolve(isConnected ? { broken: `${method} ${url}: ${error.message}` } : { unconnected: error.code ?? '' });
    const sent = request(new URL(url, server), options, (response) => {
      response.on('error', fail);
      response.toArray().then((parts) => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }), fail);
    });
    sent.on('socket', (socket) => socket.once('secureConnect', () => (isConnected = true)));
    sent.on('error', fail);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function work(worker: number): Promise<void> {
  for (let number = 0; ; number += 1) {
    const name = `storm-${worker}-${number}`;
    const outcomes = [
      await ask('GET', `${PATH}?limit=100`),
      await ask('POST', PATH, { metadata: { name }, data: { number: String(number) } }),
      await ask('GET', '/readyz'),
    ];
    for (const [index, outcome] of outcomes.entries()) {
      if ('unconnected' in outcome) found.unconnected.push(outcome.unconnected);
      else if ('broken' in outcome) found.broken.push(outcome.broken);
      else tell(name, index, outcome);
    }
    if (outcomes.some((outcome) => 'unconnected' in outcome && outcome.unconnected === 'ECONNREFUSED')) return;
  }
}

function tell(name: string, index: number, { status, text }: { readonly status: number; readonly text: string }): void {
  found.answers += 1;
  if (found.answers === BEGUN_AT) process.stdout.write('begun\n');
  if (index === 2) {
    if (status === 503) found.unready += 1;
    return;
  }
  // Half an answer is no JSON.
  JSON.parse(text);
  if (index === 1 && status === 201) found.created.push(name);
  else if (status !== 200) found.broken.push(`HTTP ${status}: ${text}`);
}

await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
process.stdout.write(`${JSON.stringify(found)}\n`);
