import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { apiVersionOf, openApiSchemas, type ServedResource } from '#cluster/api';
import { notAcceptable } from '../errors.ts';
import { parseAccept } from '../http/negotiate.ts';
import { sendJson } from '../http/respond.ts';
import { allServed } from '../kinds.ts';
import { openApiPaths } from './openapi-paths.ts';

interface Document {
  readonly bytes: Buffer;
  readonly hash: string;
}
const INFO = { title: 'Kubernetes', version: 'v1.36.0' };

/** The schemas and paths of each group and version (OpenAPI 3.0). Documents are made when they are first asked for. */
export class OpenApi {
  readonly #documents = new Map<string, Document>();

  /** False where the path isn't one of its own. Errors: 406 for OpenAPI in protocol buffers. */
  answer(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    if (url.pathname === '/openapi/v3' || url.pathname === '/openapi/v3/') {
      sendJson(response, 200, {
        paths: Object.fromEntries(this.#names().map((name) => [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${this.#document(name).hash}` }])),
      });
      return true;
    }
    if (!url.pathname.startsWith('/openapi/v3/')) return false;
    const name = url.pathname.slice('/openapi/v3/'.length);
    if (!this.#names().includes(name)) return false;
    if (!parseAccept(request.headers.accept).some(({ type }) => type === 'application/json' || type === '*/*')) throw notAcceptable(['application/json']);
    this.#send(request, response, url, this.#document(name));
    return true;
  }

  #send(request: IncomingMessage, response: ServerResponse, url: URL, { bytes, hash }: Document): void {
    // The hash is part of the address: what stands there never changes.
    const cache = url.searchParams.get('hash') === hash ? 'public, immutable, max-age=31536000' : 'no-cache, private';
    response.setHeader('etag', `"${hash}"`);
    response.setHeader('cache-control', cache);
    response.setHeader('vary', 'Accept');
    if (request.headers['if-none-match'] === `"${hash}"`) {
      response.writeHead(304).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
    response.end(bytes);
  }

  #names(): readonly string[] {
    return [...new Set(allServed().map(nameOf))];
  }

  #document(name: string): Document {
    const known = this.#documents.get(name);
    if (known) return known;
    const resources = allServed().filter((resource) => nameOf(resource) === name);
    const { schemas, schemaOf } = openApiSchemas(resources);
    const bytes = Buffer.from(JSON.stringify({ openapi: '3.0.0', info: INFO, paths: openApiPaths(resources, schemaOf), components: { schemas } }));
    const document = { bytes, hash: createHash('sha256').update(bytes).digest('hex').toUpperCase() };
    this.#documents.set(name, document);
    return document;
  }
}

function nameOf(resource: ServedResource): string {
  return resource.group === '' ? `api/${resource.version}` : `apis/${apiVersionOf(resource)}`;
}
