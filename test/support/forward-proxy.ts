import { createServer, request } from 'node:http';
import { connect } from 'node:net';

// A forward proxy on loopback that leads every name to one place: `forward-proxy.ts PORT HTTPS_HOST:PORT HTTP_URL`. Tunnels to `plain.…` are refused.
// It wants the user `ann` with password `s3cret`; it says `ready`, and then what it was asked for.

const [port = '', tunnelTo = '', plainTo = ''] = process.argv.slice(2);
const ANN = `Basic ${Buffer.from('ann:s3cret').toString('base64')}`;
const [host = '', targetPort = ''] = tunnelTo.split(':');

createServer((asked, answer) => {
  if (asked.headers['proxy-authorization'] !== ANN) return void answer.writeHead(407).end();
  process.stdout.write(`${asked.method} ${asked.url}\n`);
  const { pathname, search } = new URL(asked.url ?? '/');
  const onward = request(
    new URL(`${pathname}${search}`, plainTo),
    { method: asked.method ?? 'GET', headers: { ...asked.headers, host: new URL(plainTo).host } },
    (said) => {
      answer.writeHead(said.statusCode ?? 502, said.headers);
      said.pipe(answer);
    },
  );
  asked.pipe(onward);
})
  .on('connect', (asked, socket) => {
    const refuse = (line: string) => socket.end(`HTTP/1.1 ${line}\r\n\r\n`);
    if (asked.headers['proxy-authorization'] !== ANN) return refuse('407 Proxy Authentication Required');
    process.stdout.write(`CONNECT ${asked.url}\n`);
    if (asked.url?.startsWith('plain.')) return refuse('502 Bad Gateway');
    const tunnel = connect(Number(targetPort), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      tunnel.pipe(socket);
      socket.pipe(tunnel);
    });
    for (const end of [tunnel, socket]) end.on('error', () => void [tunnel.destroy(), socket.destroy()]);
  })
  .listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
