import type { IncomingMessage, ServerResponse } from 'node:http';
import { REVIEWS } from '../auth/reviews.ts';
import { noSuchPath } from '../errors.ts';
import { aggregatedDiscoveryVersion, parseAccept } from '../http/negotiate.ts';
import { sendJson } from '../http/respond.ts';
import type { Route } from '../http/route.ts';
import type { KindDirectory } from '../custom/directory.ts';
import { METRICS_RESOURCES } from '../metrics/serve.ts';
import { AGGREGATED_TYPE, aggregatedDiscovery } from './aggregated.ts';
import type { OpenApi } from './openapi.ts';
import { apiGroup, type Discovered, groupsOf, resourceList } from './resources.ts';

const HEALTH_PATHS = ['/healthz', '/livez', '/readyz', '/version', '/metrics', '/openapi/v2', '/openapi/v3'];

/** What there is: groups, versions, resources, and their schemas. */
export class Discovery {
  readonly #kinds: KindDirectory;
  readonly #openApi: OpenApi;

  constructor(kinds: KindDirectory, openApi: OpenApi) {
    this.#kinds = kinds;
    this.#openApi = openApi;
  }

  get #all(): readonly Discovered[] {
    return [...this.#kinds.all(), ...REVIEWS, ...METRICS_RESOURCES];
  }

  /** Errors: 404, 406. */
  answer(request: IncomingMessage, response: ServerResponse, url: URL, route: Route): void {
    switch (route.kind) {
      case 'legacy-versions':
        return this.#groups(request, response, true);
      case 'groups':
        return this.#groups(request, response, false);
      case 'group':
        return this.#group(response, route.group);
      case 'group-version':
        return this.#groupVersion(response, route.group, route.version);
      default:
        return this.#other(request, response, url);
    }
  }

  #groups(request: IncomingMessage, response: ServerResponse, core: boolean): void {
    const aggregated = aggregatedDiscoveryVersion(parseAccept(request.headers.accept)) === 'v2';
    if (aggregated) return sendJson(response, 200, aggregatedDiscovery(this.#all, core), AGGREGATED_TYPE);
    if (core) return sendJson(response, 200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] });
    const groups = [...groupsOf(this.#all)].filter(([group]) => group !== '').map(([group, versions]) => apiGroup(group, versions));
    sendJson(response, 200, { kind: 'APIGroupList', apiVersion: 'v1', groups });
  }

  #group(response: ServerResponse, group: string): void {
    const versions = groupsOf(this.#all).get(group);
    if (!versions || group === '') throw noSuchPath();
    sendJson(response, 200, apiGroup(group, versions));
  }

  #groupVersion(response: ServerResponse, group: string, version: string): void {
    const list = resourceList(this.#all, group, version);
    if (!list) throw noSuchPath();
    sendJson(response, 200, list);
  }

  #other(request: IncomingMessage, response: ServerResponse, url: URL): void {
    if (url.pathname === '/') {
      const groups = [...groupsOf(this.#all)].filter(([group]) => group !== '');
      const paths = [
        '/api',
        '/api/v1',
        '/apis',
        ...groups.flatMap(([group, versions]) => [`/apis/${group}`, ...versions.map((version) => `/apis/${group}/${version}`)]),
        ...HEALTH_PATHS,
      ];
      return sendJson(response, 200, { paths });
    }
    if (!this.#openApi.answer(request, response, url)) throw noSuchPath();
  }
}
