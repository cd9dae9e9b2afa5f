import type { IncomingMessage, ServerResponse } from 'node:http';

export class OpenApi {
  answer(_request: IncomingMessage, _response: ServerResponse, _url: URL): boolean {
    return false;
  }
}
