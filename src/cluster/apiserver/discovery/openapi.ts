import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#kit';
import { apiVersionOf, openApiSchemas, type ServedResource } from '#cluster/api';
import { notAcceptable } from '../errors.ts';
import { parseAccept } from '../http/negotiate.ts';
import { sendJson } from '../http/respond.ts';
import type { KindDirectory } from '../custom/directory.ts';
import { openApiPaths } from './openapi-paths.ts';
import { DESCRIBED } from './virtual.ts';
import { swaggerOf, swaggerText } from './swagger.ts';
import { encodeSwagger } from './swagger-protobuf.ts';

interface Document {
  readonly bytes: Buffer;
  readonly hash: string;
  readonly made_ms: number;
}
const PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** The older name has a letter that no media type may have: it is asked for by it, and answered by the other. */
const PROTOBUF_TYPES = [PROTOBUF_TYPE, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'];
const INFO = { title: 'Kubernetes', version: 'v1.36.0' };

/** The schemas and paths of each group and version (OpenAPI 3.0), and of all in one (OpenAPI 2.0). Documents are made when they are first asked for. */
export class OpenApi {
  readonly #documents = new Map<string, Document>();
  readonly #versions2 = new Map<'json' | 'protobuf', { readonly revision: number; readonly document: Promise<Document> }>();
  readonly #kinds: KindDirectory;
  readonly #clock: Clock;
  #revision = 0;

  constructor(kinds: KindDirectory, clock: Clock) {
    this.#kinds = kinds;
    this.#clock = clock;
  }

  /** False where the path isn't one of its own. Errors: 406 for a form that there isn't. */
  async answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
    if (url.pathname === '/openapi/v3' || url.pathname === '/openapi/v3/') {
      sendJson(response, 200, {
        paths: Object.fromEntries(this.#names().map((name) => [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${this.#document(name).hash}` }])),
      });
      return true;
    }
    if (url.pathname === '/openapi/v2') {
      await this.#answerVersion2(request, response, url);
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
  async #answerVersion2(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    for (const { type } of parseAccept(request.headers.accept)) {
      if (PROTOBUF_TYPES.includes(type)) return this.#send(request, response, url, await this.#version2('protobuf'), PROTOBUF_TYPE);
      if (type === 'application/json' || type === '*/*') return this.#send(request, response, url, await this.#version2('json'));
    }
    throw notAcceptable(['application/json', ...PROTOBUF_TYPES]);
  }

  /** It is large: made bit by bit, once for all who ask for it meanwhile. */
  #version2(form: 'json' | 'protobuf'): Promise<Document> {
    const { revision } = this.#kinds;
    const known = this.#versions2.get(form);
    if (known?.revision === revision) return known.document;
    const document = swaggerOf(this.#resources(), INFO).then(async (swagger) =>
      this.#documentOf(await (form === 'json' ? swaggerText(swagger) : encodeSwagger(swagger))),
    );
    this.#versions2.set(form, { revision, document });
    // One that could not be made is tried again.
    document.catch(() => this.#versions2.delete(form));
    return document;
  }

  #send(request: IncomingMessage, response: ServerResponse, url: URL, { bytes, hash, made_ms }: Document, type = 'application/json'): void {
    // The hash is part of the address: what stands there never changes.
    const cache = url.searchParams.get('hash') === hash ? 'public, immutable, max-age=31536000' : 'no-cache, private';
    response.setHeader('etag', `"${hash}"`);
    response.setHeader('last-modified', new Date(made_ms).toUTCString());
    response.setHeader('cache-control', cache);
    response.setHeader('vary', 'Accept');
    if (request.headers['if-none-match'] === `"${hash}"`) {
      response.writeHead(304).end();
      return;
    }
    response.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
    response.end(bytes);
  }

  #documentOf(bytes: Buffer): Document {
    return { bytes, hash: createHash('sha256').update(bytes).digest('hex').toUpperCase(), made_ms: this.#clock.now() };
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
    const document = this.#documentOf(make());
    this.#documents.set(key, document);
    return document;
  }
}

function nameOf(resource: ServedResource): string {
  return resource.group === '' ? `api/${resource.version}` : `apis/${apiVersionOf(resource)}`;
}
