import { CONFIG_MAP } from './core/config-map.ts';
import { CORE_EVENT, EVENTS_EVENT } from './core/event.ts';
import { LEASE } from './core/lease.ts';
import { LIMIT_RANGE } from './core/limit-range.ts';
import { NAMESPACE } from './core/namespace.ts';
import { NODE } from './core/node.ts';
import { RESOURCE_QUOTA } from './core/resource-quota.ts';
import { SECRET } from './core/secret.ts';
import { SERVICE_ACCOUNT } from './core/service-account.ts';
import type { Strategy } from './strategy.ts';

/** Namespaces, nodes, configuration, what may be taken, and what is said of others. */
export const CORE: Readonly<Record<string, Strategy>> = {
  V1Namespace: NAMESPACE,
  V1Node: NODE,
  V1ConfigMap: CONFIG_MAP,
  V1Secret: SECRET,
  V1ServiceAccount: SERVICE_ACCOUNT,
  V1LimitRange: LIMIT_RANGE,
  V1ResourceQuota: RESOURCE_QUOTA,
  V1Lease: LEASE,
  CoreV1Event: CORE_EVENT,
  EventsV1Event: EVENTS_EVENT,
};
