/** How the registry serves beyond the plain specification. Each section's type lies beside what it rules; one that is left out is not in force. */
export type RegistrySettings = Readonly<Record<never, never>>;
