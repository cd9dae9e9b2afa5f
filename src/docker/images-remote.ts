import { familiarName, parseReference } from '#image';
import { badRequest } from './errors.ts';
import { Filters } from './filters.ts';
import type { Call } from './http.ts';
import { defined } from './json.ts';
import type { Rooms } from './options.ts';
import { registryAuth } from './progress.ts';

const [LIMIT_DEFAULT, LIMIT_MAX] = [25, 100];
/** A catalogue knows of no stars. */
const STARS = 0;

/** `GET /distribution/{name}/json`: what the registry has under a name. */
export async function inspectDistribution(call: Call, rooms: Rooms): Promise<void> {
  const reference = parseReference(call.parameter('name'));
  const auth = registryAuth(call.header('x-registry-auth'));
  const { descriptor, platforms } = await rooms.images.inspectRemote(reference, defined({ auth, signal: call.signal }));
  call.json(200, { Descriptor: descriptor, Platforms: platforms });
}

/** `GET /images/search`: `docker search`. */
export async function searchImages(call: Call, rooms: Rooms): Promise<void> {
  const term = call.text('term');
  if (term === undefined) throw badRequest('term must say what to search for');
  const limit = call.integer('limit') ?? 0;
  if (limit < 0 || limit > LIMIT_MAX) throw badRequest(`Limit ${limit} is outside the range of [1, ${LIMIT_MAX}]`);
  const filters = new Filters(call.text('filters'), ['is-automated', 'is-official', 'stars']);
  const [official, automated] = [filters.flag('is-official'), filters.flag('is-automated')];
  const stars = Math.max(0, ...filters.get('stars').map(starsOf));
  const { names, failures } = await rooms.images.search(term, defined({ auth: registryAuth(call.header('x-registry-auth')), signal: call.signal }));
  for (const failure of failures) rooms.logger.warn('a registry could not be searched', failure);
  const found = names
    .map((name) => ({ name: familiarName(name), description: '', star_count: STARS, is_official: name.startsWith('docker.io/library/'), is_automated: false }))
    .filter((item) => (official === undefined || item.is_official === official) && automated !== true && item.star_count >= stars);
  call.json(200, found.slice(0, limit === 0 ? LIMIT_DEFAULT : limit));
}

function starsOf(text: string): number {
  if (!/^\d+$/.test(text)) throw badRequest(`invalid filter 'stars=${text}': it must be a whole number`);
  return Number(text);
}
