export type { RequestLimits } from './http/limits.ts';
export type { ListenOptions } from './http/listener.ts';
export { type ApiServer, type ApiServerOptions, createApiServer } from './server.ts';
export type * from './types.ts';
export { PLUGIN_NAMES } from './admission/plugins.ts';
export { AUTHORIZATION_MODES, type AuthorizationMode } from './auth/authorizer.ts';
export { DEFAULT_ISSUER, newTokenKey, type ServiceAccountOptions } from './auth/tokens/service-account-tokens.ts';
export { parseTokenFile } from './auth/tokens/token-file.ts';
export { signingKey, verificationKeys } from './auth/tokens/jwt.ts';
