import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { noSuchPath } from '../errors.ts';
import { aggregatedDiscoveryVersion, parseAccept } from '../http/negotiate.ts';
import { sendBytes, sendJson, sendNegotiated } from '../http/respond.ts';
import type { Route } from '../http/route.ts';
import type { KindDirectory } from '../custom/directory.ts';
import { AGGREGATED_TYPE, aggregatedDiscovery } from './aggregated.ts';
import { inOrder } from './order.ts';
import type { OpenApi } from './openapi.ts';
import { apiGroup, type Discovered, groupsOf, resourceList } from './resources.ts';
import { VIRTUAL } from './virtual.ts';

const OTHER_PATHS = ['/apis/', '/metrics', '/metrics/slis', '/openapi/v2', '/openapi/v3', '/openapi/v3/', '/version'];

interface Document {
  readonly bytes: Buffer;
  readonly etag: string;
}

function documentOf(value: object): Document {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, etag: `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"` };
}

/** What there is: groups, versions, resources, and their schemas. */
export class Discovery {
  readonly #kinds: KindDirectory;
  readonly #openApi: OpenApi;
  readonly #others: readonly string[];
  /** The aggregated documents, of that revision of the kinds. */
  #made: { readonly revision: number; core: Document | undefined; others: Document | undefined } = { revision: -1, core: undefined, others: undefined };

  /** `others`: the paths besides, that others serve. */
  constructor(kinds: KindDirectory, openApi: OpenApi, others: readonly string[]) {
    this.#others = others;
    this.#kinds = kinds;
    this.#openApi = openApi;
  }

  get #all(): readonly Discovered[] {
    return inOrder([...this.#kinds.all(), ...VIRTUAL]);
  }

  hasGroup(group: string): boolean {
    return this.#all.some((one) => one.group === group);
  }

  /** Errors: 404, 406. */
  async answer(request: IncomingMessage, response: ServerResponse, url: URL, route: Route): Promise<void> {
    switch (route.kind) {
      case 'legacy-versions':
        return await this.#groups(request, response, true);
      case 'groups':
        return await this.#groups(request, response, false);
      case 'group':
        return await this.#group(response, route.group);
      case 'group-version':
        return await this.#groupVersion(response, route.group, route.version);
      default:
        return await this.#other(request, response, url);
    }
  }

  async #groups(request: IncomingMessage, response: ServerResponse, core: boolean): Promise<void> {
    const aggregated = aggregatedDiscoveryVersion(parseAccept(request.headers.accept)) === 'v2';
    if (aggregated) return this.#aggregated(request, response, core);
    if (core) {
      const { localAddress = '', localPort = 0 } = request.socket;
      const address = { clientCIDR: '0.0.0.0/0', serverAddress: `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}` };
      return await sendNegotiated(response, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [address] });
    }
    const groups = [...groupsOf(this.#all)].filter(([group]) => group !== '').map(([group, versions]) => apiGroup(group, versions));
    await sendNegotiated(response, { kind: 'APIGroupList', apiVersion: 'v1', groups });
  }

  /** What doesn't change but when a definition does: whoever has it is told that it is the same. */
  #aggregated(request: IncomingMessage, response: ServerResponse, core: boolean): void {
    const { revision } = this.#kinds;
    if (this.#made.revision !== revision) this.#made = { revision, core: undefined, others: undefined };
    const part = core ? 'core' : 'others';
    const document = (this.#made[part] ??= documentOf(aggregatedDiscovery(this.#all, core)));
    response.setHeader('etag', document.etag);
    response.setHeader('vary', 'Accept');
    if (request.headers['if-none-match'] === document.etag) {
      response.writeHead(304).end();
      return;
    }
    sendBytes(response, 200, document.bytes, AGGREGATED_TYPE);
  }

  async #group(response: ServerResponse, group: string): Promise<void> {
    const versions = groupsOf(this.#all).get(group);
    if (!versions || group === '') throw noSuchPath();
    await sendNegotiated(response, { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group, versions) });
  }

  async #groupVersion(response: ServerResponse, group: string, version: string): Promise<void> {
    const list = resourceList(this.#all, group, version, (one) => this.#kinds.find(one)?.storage);
    if (!list) throw noSuchPath();
    await sendNegotiated(response, list);
  }

  async #other(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (url.pathname === '/') {
      const groups = [...groupsOf(this.#all)].filter(([group]) => group !== '');
      const paths = [
        '/api',
        '/api/v1',
        '/apis',
        ...groups.flatMap(([group, versions]) => [`/apis/${group}`, ...versions.map((version) => `/apis/${group}/${version}`)]),
        ...OTHER_PATHS,
        ...this.#others,
      ];
      return sendJson(response, 200, { paths: paths.toSorted() });
    }
    if (!(await this.#openApi.answer(request, response, url))) throw noSuchPath();
  }
}
