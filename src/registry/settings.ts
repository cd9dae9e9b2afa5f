import type { AccessSettings } from './access/types.ts';
import type { AuditSettings } from './audit/audit-log.ts';
import type { HookSettings } from './hooks/types.ts';
import type { TlsSettings } from './http/certificate.ts';
import type { LimitSettings } from './limits/rate.ts';
import type { QuotaSettings } from './quota.ts';
import type { RetentionSettings } from './retention.ts';
import type { S3Settings } from './storage/choose.ts';
import type { UpstreamSettings } from './upstream/types.ts';

/** How the registry serves beyond the plain specification. Each section's type lies beside what it rules; one that is left out is not in force. */
export interface RegistrySettings {
  /** Others than this machine may reach it, though nothing is encrypted. */
  readonly insecure?: boolean;
  readonly tls?: TlsSettings;
  readonly access?: AccessSettings;
  readonly limits?: LimitSettings;
  readonly audit?: AuditSettings;
  readonly hooks?: readonly HookSettings[];
  /** Registries elsewhere that are served from here; the first that fits is meant, longer prefixes before shorter ones. */
  readonly upstreams?: readonly UpstreamSettings[];
  /** Bytes that are kept of all upstreams; no bound when left out. */
  readonly cacheMax?: number;
  /** Whether GET /metrics is answered. */
  readonly metrics?: boolean;
  /** Where its blobs lie; the image store's disk when left out. */
  readonly storage?: { readonly s3?: S3Settings };
  readonly retention?: RetentionSettings;
  readonly quota?: QuotaSettings;
  /** How often what nothing needs is taken away; only on request when left out. */
  readonly collect?: { readonly every_ms?: number };
}
