import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { apiVersionOf, openApiSchemas, type ServedResource } from '#cluster/api';
import { notAcceptable } from '../errors.ts';
import { parseAccept } from '../http/negotiate.ts';
import { sendJson } from '../http/respond.ts';
import type { KindDirectory } from '../custom/directory.ts';
import { openApiPaths } from './openapi-paths.ts';
import { DESCRIBED } from './virtual.ts';
import { swaggerOf } from './swagger.ts';
import { encodeSwagger } from './swagger-protobuf.ts';

interface Document {
  readonly bytes: Buffer;
  readonly hash: string;
}
const PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** The older name has a letter that no media type may have: it is asked for by it, and answered by the other. */
const PROTOBUF_TYPES = [PROTOBUF_TYPE, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'];
const INFO = { title: 'Kubernetes', version: 'v1.36.0' };

/** The schemas and paths of each group and version (OpenAPI 3.0), and of all in one (OpenAPI 2.0). Documents are made when they are first asked for. */
export class OpenApi {
  readonly #documents = new Map<string, Document>();
  readonly #kinds: KindDirectory;
  #revision = 0;

  constructor(kinds: KindDirectory) {
    this.#kinds = kinds;
  }

  /** False where the path isn't one of its own. Errors: 406 for a form that there isn't. */
  answer(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    if (url.pathname === '/openapi/v3' || url.pathname === '/openapi/v3/') {
      sendJson(response, 200, {
        paths: Object.fromEntries(this.#names().map((name) => [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${this.#document(name).hash}` }])),
      });
      return true;
    }
    if (url.pathname === '/openapi/v2') {
      this.#answerVersion2(request, response, url);
      return true;
    }
    if (!url.pathname.startsWith('/openapi/v3/')) return false;
    const name = url.pathname.slice('/openapi/v3/'.length);
    if (!this.#names().includes(name)) return false;
    if (!parseAccept(request.headers.accept).some(({ type }) => type === 'application/json' || type === '*/*')) throw notAcceptable(['application/json']);
    this.#send(request, response, url, this.#document(name));
    return true;
  }

  /** As JSON, or in the protocol buffers that kubectl and Helm ask for. Errors: 406. */
  #answerVersion2(request: IncomingMessage, response: ServerResponse, url: URL): void {
    for (const { type } of parseAccept(request.headers.accept)) {
      if (PROTOBUF_TYPES.includes(type)) return this.#send(request, response, url, this.#version2('protobuf'), PROTOBUF_TYPE);
      if (type === 'application/json' || type === '*/*') return this.#send(request, response, url, this.#version2('json'));
    }
    throw notAcceptable(['application/json', ...PROTOBUF_TYPES]);
  }

  #version2(form: 'json' | 'protobuf'): Document {
    return this.#known(`v2 ${form}`, () => {
      const swagger = swaggerOf(this.#resources(), INFO);
      return form === 'json' ? Buffer.from(JSON.stringify(swagger)) : encodeSwagger(swagger);
    });
  }

  #send(request: IncomingMessage, response: ServerResponse, url: URL, { bytes, hash }: Document, type = 'application/json'): void {
    // The hash is part of the address: what stands there never changes.
    const cache = url.searchParams.get('hash') === hash ? 'public, immutable, max-age=31536000' : 'no-cache, private';
    response.setHeader('etag', `"${hash}"`);
    response.setHeader('cache-control', cache);
    response.setHeader('vary', 'Accept');
    if (request.headers['if-none-match'] === `"${hash}"`) {
      response.writeHead(304).end();
      return;
    }
    response.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
    response.end(bytes);
  }

  #names(): readonly string[] {
    return [...new Set(this.#resources().map(nameOf))];
  }

  /** Those that are stored, and those that are only asked. */
  #resources(): readonly ServedResource[] {
    return [...this.#kinds.all(), ...DESCRIBED];
  }

  #document(name: string): Document {
    return this.#known(name, () => {
      const resources = this.#resources().filter((resource) => nameOf(resource) === name);
      const all = openApiSchemas(resources);
      const paths = openApiPaths(resources, all);
      return Buffer.from(JSON.stringify({ openapi: '3.0.0', info: INFO, paths, components: { schemas: all.schemas } }));
    });
  }

  /** A document is made once, until a definition changes: then it may be another one. */
  #known(key: string, make: () => Buffer): Document {
    if (this.#revision !== this.#kinds.revision) this.#documents.clear();
    this.#revision = this.#kinds.revision;
    const known = this.#documents.get(key);
    if (known) return known;
    const bytes = make();
    const document = { bytes, hash: createHash('sha256').update(bytes).digest('hex').toUpperCase() };
    this.#documents.set(key, document);
    return document;
  }
}

function nameOf(resource: ServedResource): string {
  return resource.group === '' ? `api/${resource.version}` : `apis/${apiVersionOf(resource)}`;
}
