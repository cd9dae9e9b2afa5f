export type { ListenOptions } from './http/edge.ts';
export { type ApiServer, type ApiServerOptions, createApiServer } from './server.ts';
export type * from './types.ts';
