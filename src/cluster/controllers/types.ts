import type { ClusterClient, Controller, ControllerHealth, EventRecorder } from '#cluster/client';
import type { Clock, Logger, Random } from '#kit';
import type { CertificateSigner } from './certificates/types.ts';
import type { Informers } from './informers.ts';

export interface ControllersOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly options?: ControllersSettings;
}
export interface ControllersSettings {
  /** PEM of the API server's authority, for the ConfigMap `kube-root-ca.crt` of each namespace; none is made without it. */
  readonly rootCa?: string;
  /** The cluster's authority, for CertificateSigningRequests of Kubernetes' own signers; they wait without it. */
  readonly signer?: CertificateSigner;
  /** How often autoscalers look; 15 s as in Kubernetes without it. Nothing looks while there are none. */
  readonly autoscalerPeriod_ms?: number;
  /** How long recommendations to scale down are held back where an autoscaler doesn't say; 5 min without it. */
  readonly downscaleStabilization_ms?: number;
  /** How long a node may be silent; 40 s without it. */
  readonly nodeGrace_ms?: number;
  /** How many ended Pods are kept; 12,500 without it. */
  readonly terminatedPodsMax?: number;
}
/** The controller manager. */
export interface Controllers {
  /** Resolves when the caches are filled and every controller works. */
  start(): Promise<void>;
  stop(): Promise<void>;
  health(): { readonly state: 'starting' | 'ready' | 'stopped'; readonly controllers: readonly ControllerHealth[] };
}

/** What each controller is made of. */
export interface Shared {
  readonly client: ClusterClient;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: ControllersSettings;
  /** Events in the name of a controller. */
  recorder(component: string): EventRecorder;
}
export type { Controller };
