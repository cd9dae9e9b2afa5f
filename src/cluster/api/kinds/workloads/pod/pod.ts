import type { V1Pod } from '../../../generated/types.ts';
import { qosClass } from '../../../qos-class.ts';
import { strategy } from '../../strategy.ts';
import { POD_COLUMNS } from './columns.ts';
import { defaultPod } from './defaults.ts';
import { applyLabelKeys } from './label-keys.ts';
import { validatePod } from './rules.ts';
import { keepUnsaid, validatePodStatus } from './status-rules.ts';
import { podWarnings } from '../warnings/pod-spec.ts';
import { nameWarnings } from '../warnings/workload.ts';

export const POD = strategy<V1Pod>({
  counted: true,
  setDefaults: defaultPod,
  prepareCreate: (pod) => {
    pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
    const { creationTimestamp } = pod.metadata;
    if (pod.spec?.schedulingGates?.length)
      pod.status.conditions = [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'SchedulingGated',
          message: 'Scheduling is blocked due to non-empty scheduling gates',
          ...(creationTimestamp === undefined ? {} : { lastTransitionTime: creationTimestamp }),
        },
      ];
    applyLabelKeys(pod);
  },
  prepareStatusUpdate: keepUnsaid,
  validate: validatePod,
  validateStatus: validatePodStatus,
  // A Pod is seldom changed by a person.
  warnings: (pod, old) => (old === undefined ? [...nameWarnings(pod, "the Pod's hostname"), ...podWarnings(pod)] : []),
  columns: POD_COLUMNS,
});
