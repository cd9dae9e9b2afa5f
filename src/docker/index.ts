export { createDockerApi, type DockerApi } from './api.ts';
export type { DockerApiOptions, DockerInfo } from './options.ts';
