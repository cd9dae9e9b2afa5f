export { createDockerApi, type DockerApi } from './api.ts';
export type { DockerApiOptions, DockerInfo } from './options.ts';
export type { ContainerDefaults } from './defaults.ts';
export type { ListenPlace, ServerTls } from './listen.ts';
