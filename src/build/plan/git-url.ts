/** Addresses of git repositories (reference, "ADD"). */
export const GIT_URL = /^git:\/\/|^git@[^:]+:|^ssh:\/\/|^https?:\/\/[^#?]+\.git(?:[#?]|$)/;

/** Whether a text is the address of a git repository. */
export function isGitAddress(text: string): boolean {
  return GIT_URL.test(text);
}
