/** Addresses of git repositories (reference, "ADD"). */
export const GIT_URL = /^git:\/\/|^git@[^:]+:|^ssh:\/\/|^https?:\/\/[^#?]+\.git(?:[#?]|$)/;
