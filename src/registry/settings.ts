/** How the registry serves beyond the plain specification. Each section's type lies beside what it rules; one that is left out is not in force. */
export interface RegistrySettings {
  /** Others than this machine may reach it, though nothing is encrypted. */
  readonly insecure?: boolean;
}
