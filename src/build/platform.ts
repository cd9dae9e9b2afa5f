import type { Platform } from '#image';
import { contextInvalid, DockerfileError } from './errors.ts';

/** In Go's words. */
export function ownArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

/** Refuses a platform of a request that is not this machine's. Errors: `BUILD_CONTEXT_INVALID`. */
export function checkPlatform(platform: Platform | undefined): void {
  if (platform !== undefined && (platform.os !== 'linux' || platform.architecture !== ownArchitecture()))
    throw contextInvalid(`platform ${platform.os}/${platform.architecture} is not supported: this machine builds linux/${ownArchitecture()} only`);
}

/** `linux/amd64`, which must be this machine's. Errors: `DockerfileError`. */
export function ownPlatform(text: string, line: number): Platform {
  const [os = '', architecture = '', variant] = text.split('/');
  if (os !== 'linux' || architecture !== ownArchitecture())
    throw new DockerfileError(line, `FROM --platform=${text} is not supported: this machine builds linux/${ownArchitecture()} only`);
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
