import type { Platform } from './types.ts';

/** What runs on this machine. */
export function ownPlatform(): Platform {
  return { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch };
}
