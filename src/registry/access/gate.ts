import { isRepository } from '#image';
import { denied, unauthorized } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Route } from '../http/route.ts';
import type { Htpasswd } from './htpasswd.ts';
import { mayDo, mayList, scopeText } from './policy.ts';
import type { TokenSigner } from './tokens.ts';
import type { AccessSettings, Action, Actor, Grant } from './types.ts';

export interface GateOptions {
  readonly settings: AccessSettings;
  readonly users: Htpasswd;
  readonly signer: TokenSigner;
  /** The name that tokens are for. */
  readonly service: string;
  /** Whether clients come by https. */
  readonly isEncrypted: boolean;
}

/** Lets requests in, or says what they lack (distribution's token authentication; RFC 7617 for passwords sent as they are). */
export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Lets whoever asks in. Errors: `UNAUTHORIZED` with a challenge, `DENIED`. */
  admit(exchange: Exchange, route: Route, actor: Actor): void {
    const needs = needsOf(exchange, route);
    const { settings } = this.#options;
    if (needs.length === 0 && actor.name === undefined && actor.grants === undefined) throw this.#challenge(exchange, needs);
    const [need, source] = needs;
    const owner: Actor = { name: actor.name };
    if (need === undefined || isMet(settings, actor, need)) {
      // A source that the owner may not read is asked for in vain: the blob is uploaded. One that only this token is not for is worth another.
      if (source !== undefined && !isMet(settings, actor, source) && isMet(settings, owner, source))
        throw this.#challenge(exchange, needs, 'insufficient_scope');
      return;
    }
    // No other token would help whoever may not at all.
    if (actor.name !== undefined && !isMet(settings, owner, need)) throw denied(actor.name, need.actions.at(-1) ?? '', need.name);
    throw this.#challenge(exchange, needs, actor.grants === undefined ? undefined : 'insufficient_scope');
  }

  /** Whether the catalogue shows the actor the repository. */
  maySee({ name }: Actor, repository: string): boolean {
    // A token that lets its owner see the catalogue says nothing of single repositories: the rules do.
    return mayDo(this.#options.settings, { name }, repository, 'pull');
  }

  /** Whether the actor may take blobs out of the repository. */
  mayPull(actor: Actor, repository: string): boolean {
    return mayDo(this.#options.settings, actor, repository, 'pull');
  }

  /** Who asks. Errors: `UNAUTHORIZED` where what they show is not right. */
  async identify(exchange: Exchange, route: Route): Promise<Actor> {
    const needs = needsOf(exchange, route);
    const header = exchange.request.headers.authorization;
    if (header === undefined) return { name: undefined };
    const [, scheme = '', credentials = ''] = /^(\S+)\s+(\S+)\s*$/.exec(header) ?? [];
    if (scheme.toLowerCase() === 'basic') {
      const pair = parsePassword(credentials);
      if (pair !== undefined && (await this.#options.users.isRight(pair.user, pair.password))) return { name: pair.user };
      throw this.#challenge(exchange, needs, undefined, 'the user is unknown, or the password is another one');
    }
    const claims = scheme.toLowerCase() === 'bearer' ? this.#options.signer.read(credentials) : undefined;
    if (claims?.access === undefined) throw this.#challenge(exchange, needs, 'invalid_token');
    return { name: claims.sub === '' ? undefined : claims.sub, grants: claims.access };
  }

  #challenge(exchange: Exchange, needs: readonly Grant[], error?: string, problem?: string): Error {
    const scheme = this.#options.isEncrypted ? 'https' : 'http';
    const parameters = {
      realm: `${scheme}://${exchange.request.headers.host ?? 'localhost'}/token`,
      service: this.#options.service,
      ...(needs.length === 0 ? {} : { scope: needs.map(scopeText).join(' ') }),
      ...(error === undefined ? {} : { error }),
    };
    return unauthorized(
      `Bearer ${Object.entries(parameters)
        .map(([name, value]) => `${name}="${value.replaceAll(/["\\]/g, '')}"`)
        .join(',')}`,
      problem,
    );
  }
}

/** Who may push need not be able to pull: clients ask for both at once all the same. */
function isMet(settings: AccessSettings, actor: Actor, { type, name, actions }: Grant): boolean {
  return type === 'registry' ? mayList(settings, actor) : mayDo(settings, actor, name, actions.at(-1) as Action); // of `needsOf`
}

/** A user and a password as HTTP carries them (RFC 7617). */
export function parsePassword(credentials: string): { readonly user: string; readonly password: string } | undefined {
  const text = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** What a request needs, as scopes have it. */
function needsOf({ request: { method }, url }: Exchange, route: Route): readonly Grant[] {
  switch (route.kind) {
    case 'base':
    case 'token':
    case 'metrics':
      return [];
    case 'catalog':
      return [{ type: 'registry', name: 'catalog', actions: ['*'] }];
    case 'upload': {
      const from = url.searchParams.get('from');
      const source =
        method === 'POST' && url.searchParams.has('mount') && from !== null && isRepository(from) && from !== route.name ? [repository(from, ['pull'])] : [];
      return [repository(route.name, ['pull', 'push']), ...source];
    }
    case 'tags':
    case 'referrers':
    case 'manifest':
    case 'blob':
      return [repository(route.name, method === 'GET' || method === 'HEAD' ? ['pull'] : method === 'DELETE' ? ['delete'] : ['pull', 'push'])];
  }
}

const repository = (name: string, actions: readonly Action[]): Grant => ({ type: 'repository', name, actions });
