import type { IncomingMessage } from 'node:http';
import { notAvailable } from '../errors.ts';
import type { TransferOptions } from '../types.ts';
import { type HttpCall, readBody } from './http.ts';

/** What a registry asks for in WWW-Authenticate (RFC 9110, 11.6.1). */
export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly parameters: Readonly<Record<string, string>>;
}

/** Parses the first challenge that is understood; undefined when there is none. */
export function parseChallenge(header: string): Challenge | undefined {
  const match = /(?:^|,\s*)(basic|bearer)(?:\s+|$)/i.exec(header);
  if (!match?.[1]) return undefined;
  const rest = header.slice(match.index + match[0].length);
  const parameters: Record<string, string> = {};
  for (const [, name = '', quoted, plain] of rest.matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi))
    parameters[name.toLowerCase()] = (quoted ?? plain ?? '').replaceAll(/\\(.)/g, '$1');
  return { scheme: match[1].toLowerCase() === 'basic' ? 'basic' : 'bearer', parameters };
}

/** The Authorization header that answers a challenge; undefined when there is nothing to answer with. Errors: `REGISTRY_FAILED`, 403 when the credentials are not taken: of a 401, clients would make a question for those of Docker Hub. */
export async function authorize(
  send: (call: HttpCall) => Promise<IncomingMessage>,
  challenge: Challenge,
  scope: string,
  auth: TransferOptions['auth'],
): Promise<string | undefined> {
  if (challenge.scheme === 'basic') return auth && 'username' in auth ? basic(auth.username, auth.password) : undefined;
  if (auth && 'registryToken' in auth) return `Bearer ${auth.registryToken}`;
  const { realm, service } = challenge.parameters;
  if (realm === undefined) throw notAvailable('Cannot sign in: the registry asks for a token and does not say where to get one (no realm)', 502);
  const url = new URL(realm);
  const fields = new URLSearchParams({ ...(service === undefined ? {} : { service }), ...(scope === '' ? {} : { scope }) });
  const refresh = auth && 'identityToken' in auth ? auth.identityToken : undefined;
  if (refresh === undefined) for (const [name, value] of fields) url.searchParams.append(name, value);
  else for (const [name, value] of Object.entries({ grant_type: 'refresh_token', client_id: 'gantry', refresh_token: refresh })) fields.set(name, value);
  const answer = await send({
    method: refresh === undefined ? 'GET' : 'POST',
    url,
    headers: {
      ...(auth && 'username' in auth ? { authorization: basic(auth.username, auth.password) } : {}),
      ...(refresh === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(refresh === undefined ? {} : { body: Buffer.from(fields.toString()) }),
  });
  const body = (await readBody(answer)).toString('utf8');
  if (answer.statusCode !== 200)
    throw notAvailable(`Cannot sign in at ${url.host}: it answered ${answer.statusCode}; check the user name and password (docker login)`, 403);
  const token = tokenIn(body);
  if (token === undefined) throw notAvailable(`Cannot sign in at ${url.host}: its answer has no token`, 502);
  return `Bearer ${token}`;
}

function tokenIn(body: string): string | undefined {
  const value: unknown = JSON.parse(body);
  if (typeof value !== 'object' || value === null) return undefined;
  if ('token' in value && typeof value.token === 'string') return value.token;
  return 'access_token' in value && typeof value.access_token === 'string' ? value.access_token : undefined;
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
