import { pluginRoutes, swarmRoutes } from './clusters.ts';
import { notImplemented, pageNotFound, unsupported } from './errors.ts';
import { attachContainer, attachWebSocket } from './attach.ts';
import { checkAuth } from './auth.ts';
import { pruneBuilds } from './build-cache.ts';
import { sendCacheBlob, takeCacheBlob, takeCacheSteps } from './build-cache-blobs.ts';
import { readAttestations } from './attestations.ts';
import { checkBuild } from './build-check.ts';
import { buildImage, takeContext } from './builds.ts';
import * as io from './containers-io.ts';
import * as life from './containers-lifecycle.ts';
import { inspectContainer, listContainers } from './containers-list.ts';
import { diskUsage } from './disk-usage.ts';
import { streamEvents } from './events.ts';
import { findContainer } from './find.ts';
import type { Call } from './http.ts';
import * as images from './images.ts';
import { loadImages, saveImages } from './images-archive.ts';
import { inspectDistribution, searchImages } from './images-remote.ts';
import { info } from './info.ts';
import * as networks from './networks.ts';
import type { Rooms } from './options.ts';
import { containerStats } from './stats.ts';
import * as system from './system.ts';
import * as volumes from './volumes.ts';

type Handler = (call: Call, rooms: Rooms) => Promise<void>;
interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handler: Handler;
}

/** Finds the handler of a method and a path (without the version). */
export type Router = (method: string, path: string) => { readonly handler: Handler; readonly parameters: Readonly<Record<string, string>> };

/** All operations of the Docker Engine API: those that are here, and by name those that are not. */
export function createRouter(): Router {
  const consoles = new life.ConsoleSizes();
  const wishes: io.ExecWishes = new Map();
  const table: readonly (readonly [string, Handler])[] = [
    ...systemRoutes,
    ['POST /containers/create', (call, rooms) => life.createContainer(call, rooms, consoles)],
    ['POST /containers/{id}/start', (call, rooms) => life.startContainer(call, rooms, consoles)],
    ['POST /containers/{id}/exec', (call, rooms) => io.createExec(call, rooms, wishes)],
    ['POST /exec/{id}/start', (call, rooms) => io.startExec(call, rooms, wishes)],
    ['GET /exec/{id}/json', (call, rooms) => io.inspectExec(call, rooms, wishes)],
    ...containerRoutes,
    ...imageRoutes,
    ...networkAndVolumeRoutes,
    ...swarmRoutes,
    ...pluginRoutes,
    ...refusedRoutes,
  ];
  const routes = table.map(([text, handler]) => route(text, handler));
  return (method, path) => {
    for (const { method: own, pattern, handler } of routes) {
      const match = own === method ? pattern.exec(path) : null;
      if (match) return { handler, parameters: decoded(match.groups ?? {}) };
    }
    throw pageNotFound;
  };
}

const systemRoutes: readonly (readonly [string, Handler])[] = [
  ['GET /_ping', system.ping],
  ['HEAD /_ping', system.ping],
  ['GET /version', system.version],
  ['GET /info', info],
  ['GET /events', streamEvents],
  ['GET /system/df', diskUsage],
  ['POST /auth', checkAuth],
  ['POST /build', buildImage],
  ['POST /build/check', checkBuild],
  ['POST /build/prune', pruneBuilds],
  ['POST /commit', images.commitContainer],
];

const containerRoutes: readonly (readonly [string, Handler])[] = [
  ['GET /containers/json', listContainers],
  ['POST /containers/prune', life.pruneContainers],
  ['GET /containers/{id}/json', inspectContainer],
  ['DELETE /containers/{id}', life.removeContainer],
  ['POST /containers/{id}/stop', life.stopContainer],
  ['POST /containers/{id}/restart', life.restartContainer],
  ['POST /containers/{id}/kill', life.killContainer],
  ['POST /containers/{id}/pause', life.pauseContainer],
  ['POST /containers/{id}/unpause', life.unpauseContainer],
  ['POST /containers/{id}/rename', life.renameContainer],
  ['POST /containers/{id}/update', life.updateContainer],
  ['POST /containers/{id}/wait', life.waitContainer],
  ['GET /containers/{id}/logs', io.containerLogs],
  ['POST /containers/{id}/attach', attachContainer],
  ['GET /containers/{id}/attach/ws', attachWebSocket],
  ['POST /containers/{id}/resize', io.resizeContainer],
  ['GET /containers/{id}/stats', containerStats],
  ['GET /containers/{id}/top', io.topContainer],
  ['GET /containers/{id}/changes', io.containerChanges],
  ['GET /containers/{id}/export', io.exportContainer],
  ['HEAD /containers/{id}/archive', io.statArchive],
  ['GET /containers/{id}/archive', io.getArchive],
  ['PUT /containers/{id}/archive', io.putArchive],
  ['POST /exec/{id}/resize', io.resizeExec],
];

const imageRoutes: readonly (readonly [string, Handler])[] = [
  ['GET /images/json', images.listImages],
  ['POST /images/create', images.createImage],
  ['POST /images/prune', images.pruneImages],
  ['GET /images/get', saveImages],
  ['GET /images/search', searchImages],
  ['GET /distribution/{name}/json', inspectDistribution],
  ['POST /images/load', loadImages],
  ['GET /images/{name}/get', saveImages],
  ['GET /images/{name}/json', images.inspectImage],
  ['GET /images/{name}/history', images.historyOfImage],
  ['POST /images/{name}/tag', images.tagImage],
  ['POST /images/{name}/push', images.pushImage],
  ['DELETE /images/{name}', images.deleteImage],
];

const networkAndVolumeRoutes: readonly (readonly [string, Handler])[] = [
  ['GET /networks', networks.listNetworks],
  ['POST /networks/create', networks.createNetwork],
  ['POST /networks/prune', networks.pruneNetworks],
  ['GET /networks/{id}', networks.inspectNetwork],
  ['DELETE /networks/{id}', networks.deleteNetwork],
  ['POST /networks/{id}/connect', networks.connectNetwork],
  ['POST /networks/{id}/disconnect', networks.disconnectNetwork],
  ['GET /volumes', volumes.listVolumes],
  ['POST /volumes/create', volumes.createVolume],
  ['POST /volumes/prune', volumes.pruneVolumes],
  ['GET /volumes/{name}', volumes.inspectVolume],
  ['DELETE /volumes/{name}', volumes.deleteVolume],
];

const missing = (what: string): Handler => {
  const error = notImplemented(what);
  return () => Promise.reject(error);
};

/** As an engine without CRIU answers: it does not run on this kernel. */
const noCheckpoints: Handler = (call, rooms) => {
  findContainer(rooms, call.parameter('id'));
  return Promise.reject(notImplemented('checkpointing containers (CRIU does not run here)'));
};

/** Operations of the API that Gantry does not have; each says so by its name. */
const refusedRoutes: readonly (readonly [string, Handler])[] = [
  ['GET /gantry/images/{name}/attestations', readAttestations],
  ['POST /gantry/build/context', takeContext],
  ['POST /gantry/build/cache', takeCacheSteps],
  ['GET /gantry/build/cache/{id}', sendCacheBlob],
  ['POST /gantry/build/cache/{id}', takeCacheBlob],
  ['GET /images/{name}/attestations', missing('reading attestations')],
  ['GET /containers/{id}/checkpoints', noCheckpoints],
  ['POST /containers/{id}/checkpoints', noCheckpoints],
  ['DELETE /containers/{id}/checkpoints/{name}', noCheckpoints],
  ['POST /session', () => Promise.reject(unsupported("BuildKit's session"))],
];

function route(text: string, handler: Handler): Route {
  const [method = '', path = ''] = text.split(' ');
  // Image names have slashes in them; ids have none.
  const source = path.replace(/\{(\w+)\}/g, (_all, name: string) => (name === 'name' ? '(?<name>.+)' : `(?<${name}>[^/]+)`));
  return { method, pattern: new RegExp(`^${source}$`), handler };
}

function decoded(groups: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    // A broken percent-encoding names nothing that could exist.
    throw pageNotFound;
  }
}
