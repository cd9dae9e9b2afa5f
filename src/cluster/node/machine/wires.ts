import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { messageOf, nodeHttp } from '#kit';
import type { NodeWires } from '../types.ts';

/** From this process, by sockets. Certificates are not checked, as a kubelet's probes don't. */
export const socketWires: NodeWires = {
  getHttp: (url, { headers, signal }) =>
    new Promise((resolve, reject) => {
      const send = url.startsWith('https:') ? httpsRequest : nodeHttp().request;
      const sent = send(url, { headers, signal, agent: false, rejectUnauthorized: false }, (response) => {
        response.destroy();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', (error) => reject(new Error(`Get "${url}": ${messageOf(error)}`)));
      sent.end();
    }),
  dial: (host, port, signal) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port, signal });
      socket.once('connect', () => {
        socket.destroy();
        resolve();
      });
      socket.once('error', (error) => reject(new Error(`dial tcp ${host}:${port}: ${messageOf(error)}`)));
    }),
};
