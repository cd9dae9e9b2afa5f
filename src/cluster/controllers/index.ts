export type { CertificateSigner, ParsedRequest } from './certificates/types.ts';
export { createControllers } from './controllers.ts';
export type { Controllers, ControllersOptions, ControllersSettings } from './types.ts';
