import type { V1JobStatus } from '../../../generated/types.ts';

/** Whether a Job's status says so. */
export function isTrue({ conditions = [] }: V1JobStatus, type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}

export function isFinished(status: V1JobStatus): boolean {
  return isTrue(status, 'Complete') || isTrue(status, 'Failed');
}
