import { FLOW_SCHEMA } from './policy/flow-schema.ts';
import { PRIORITY_LEVEL } from './policy/priority-level.ts';
import type { Strategy } from './strategy.ts';

/** Whose requests go before whose. */
export const POLICY: Readonly<Record<string, Strategy>> = {
  V1FlowSchema: FLOW_SCHEMA,
  V1PriorityLevelConfiguration: PRIORITY_LEVEL,
};
