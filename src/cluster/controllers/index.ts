export { createControllers } from './controllers.ts';
export type { Controllers, ControllersOptions, ControllersSettings } from './types.ts';
