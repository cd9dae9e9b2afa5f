import { RegistryError, unauthorized, unsupported } from '../errors.ts';
import { answer, type Exchange, readBody } from '../http/exchange.ts';
import { parsePassword } from './gate.ts';
import type { Htpasswd } from './htpasswd.ts';
import { granted, parseScopes } from './policy.ts';
import type { TokenSigner } from './tokens.ts';
import type { AccessSettings } from './types.ts';

/** How long a token to use counts when nobody says otherwise; revoked rights end with it. */
export const LIFETIME_MS = 300_000;
/** A token to get others with: it ends with the password it was given for. */
const REFRESH_LIFETIME_MS = 365 * 24 * 3_600_000;
const FORM_BYTES_MAX = 64 * 1024;

interface Parts {
  readonly settings: AccessSettings;
  readonly users: Htpasswd;
  readonly signer: TokenSigner;
}
interface Wish {
  readonly user: string | undefined;
  readonly scopes: readonly string[];
  readonly wantsRefresh: boolean;
}

/**
 * The token endpoint: GET with a password or none (distribution's token specification), POST of a form with a password or a token to get others
 * with (its OAuth2 form). Answers who was given one. Errors: `UNAUTHORIZED`.
 */
export async function serveToken(parts: Parts, exchange: Exchange): Promise<string | undefined> {
  const { method } = exchange.request;
  if (method !== 'GET' && method !== 'POST') throw unsupported(`${method} of a token`, 'GET, POST');
  const { user, scopes, wantsRefresh } = method === 'GET' ? await byQuery(parts, exchange) : await byForm(parts, exchange);
  const lifetime_ms = parts.settings.token?.lifetime ?? LIFETIME_MS;
  const { token, claims } = parts.signer.sign(user, lifetime_ms, { access: granted(parts.settings, user, parseScopes(scopes)) });
  const proof = wantsRefresh && user !== undefined ? await parts.users.proofOf(user) : undefined;
  answer(
    exchange,
    200,
    { 'cache-control': 'no-store' },
    {
      token,
      access_token: token,
      expires_in: claims.exp - claims.iat,
      issued_at: new Date(claims.iat * 1000).toISOString(),
      ...(proof === undefined ? {} : { refresh_token: parts.signer.sign(user, REFRESH_LIFETIME_MS, { proof }).token }),
    },
  );
  return user;
}

async function byQuery({ settings, users }: Parts, { request, url }: Exchange): Promise<Wish> {
  const scopes = url.searchParams.getAll('scope');
  const header = request.headers.authorization;
  if (header === undefined) {
    if (settings.anonymous !== 'pull') throw unauthorized('Basic realm="registry"');
    return { user: undefined, scopes, wantsRefresh: false };
  }
  const pair = parsePassword(/^basic\s+(\S+)\s*$/i.exec(header)?.[1] ?? '');
  if (pair === undefined || !(await users.isRight(pair.user, pair.password))) throw wrongPassword();
  return { user: pair.user, scopes, wantsRefresh: url.searchParams.get('offline_token') === 'true' };
}

async function byForm({ users, signer }: Parts, { request }: Exchange): Promise<Wish> {
  const form = new URLSearchParams((await readBody(request, FORM_BYTES_MAX, 'form')).toString('utf8'));
  const scopes = form.getAll('scope');
  if (form.get('grant_type') === 'password') {
    const user = form.get('username') ?? '';
    if (!(await users.isRight(user, form.get('password') ?? ''))) throw wrongPassword();
    return { user, scopes, wantsRefresh: form.get('access_type') === 'offline' };
  }
  if (form.get('grant_type') !== 'refresh_token') throw new RegistryError('UNSUPPORTED', 400, 'grant_type must be password or refresh_token');
  const claims = signer.read(form.get('refresh_token') ?? '');
  if (claims?.proof === undefined || claims.proof !== (await users.proofOf(claims.sub))) throw wrongPassword();
  return { user: claims.sub, scopes, wantsRefresh: false };
}

const wrongPassword = () => unauthorized('Basic realm="registry"', 'the user is unknown, or the password is another one');
