import { pipeline } from 'node:stream/promises';
import { isDigest, parseDigest } from '#image';
import { badRequest } from './errors.ts';
import type { Call } from './http.ts';
import type { Rooms } from './options.ts';

/**
 * `POST /gantry/build/cache`, Gantry's own: takes in what a client kept of `CacheSteps`, and answers which layers are not here. Once these were
 * sent it is asked again.
 */
export async function takeCacheSteps(call: Call, rooms: Rooms): Promise<void> {
  call.json(200, { Missing: await rooms.builder.takeSteps(await call.body()) });
}

/** `GET /gantry/build/cache/DIGEST`, Gantry's own: a layer's blob. Errors: 404. */
export async function sendCacheBlob(call: Call, rooms: Rooms): Promise<void> {
  const digest = parseDigest(call.parameter('id'));
  const content = await rooms.images.content.read(digest);
  call.begin('application/octet-stream');
  await pipeline(content, call.response, { signal: call.signal });
}

/** `POST /gantry/build/cache/DIGEST`, Gantry's own: brings a layer's blob, which nobody collects within the hour. Errors: `DIGEST_INVALID` for other bytes. */
export async function takeCacheBlob(call: Call, rooms: Rooms): Promise<void> {
  const digest = call.parameter('id');
  if (!isDigest(digest)) throw badRequest(`invalid digest "${digest}"`);
  await rooms.images.content.write(call.request, { digest });
  call.empty(204);
}
