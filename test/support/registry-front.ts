import { readFileSync } from 'node:fs';
import { createServer as createPlain, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';

// A registry on an address of its own, before the one at `TARGET`: `registry-front.ts ADDRESS PORT TARGET [CERT KEY [CLIENT_CA]]`.
// It speaks TLS with a certificate, and wants one of its clients with their authority. It says `ready`, and then each request.

const [address = '', port = '', target = '', cert, key, clients] = process.argv.slice(2);

function pass(asked: IncomingMessage, answer: ServerResponse): void {
  process.stdout.write(`${asked.method} ${asked.url} ${asked.headers.authorization ?? 'anonymous'}\n`);
  const onward = request(new URL(asked.url ?? '/', target), { method: asked.method ?? 'GET', headers: asked.headers }, (said) => {
    answer.writeHead(said.statusCode ?? 502, said.headers);
    said.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  asked.pipe(onward);
}

const server =
  cert === undefined || key === undefined
    ? createPlain(pass)
    : createServer(
        {
          cert: readFileSync(cert),
          key: readFileSync(key),
          ...(clients === undefined ? {} : { ca: readFileSync(clients), requestCert: true, rejectUnauthorized: true }),
        },
        pass,
      );
server.listen(Number(port), address, () => process.stdout.write('ready\n'));
