import { defaultLimitRange } from '../defaults/limit-range.ts';
import { defaultNamespace, defaultSecret } from '../defaults/kinds.ts';
import type { CoreV1Event, V1ConfigMap, V1LimitRange, V1Namespace, V1Node, V1Secret } from '../generated/types.ts';
import { CONFIG_MAP, EVENT, LEASE, NAMESPACE, NODE, SECRET } from '../table/columns.ts';
import { checkConfigMap, checkSecret } from '../validation/data.ts';
import { checkLabelName } from '../validation/names.ts';
import { strategy, type Strategy } from './strategy.ts';

/** Namespaces, nodes, configuration, and what is said of others. */
export const CORE: Readonly<Record<string, Strategy>> = {
  V1Namespace: strategy<V1Namespace>({ bringsStatus: true, setDefaults: defaultNamespace, validateName: checkLabelName, columns: NAMESPACE }),
  V1Node: strategy<V1Node>({ bringsStatus: true, columns: NODE }),
  V1ConfigMap: strategy<V1ConfigMap>({ validate: checkConfigMap, columns: CONFIG_MAP }),
  V1Secret: strategy<V1Secret>({ setDefaults: defaultSecret, validate: checkSecret, columns: SECRET }),
  V1LimitRange: strategy<V1LimitRange>({ setDefaults: defaultLimitRange }),
  V1Lease: { columns: LEASE },
  CoreV1Event: strategy<CoreV1Event>({ columns: EVENT }),
};
