import type { V1ServiceAccount } from '../../generated/types.ts';
import { ageColumn, nameColumn } from '../../table/column.ts';
import { strategy } from '../strategy.ts';

/** Of a Secret nothing but its name is told. */
function keepNames(account: V1ServiceAccount): void {
  if (account.secrets !== undefined) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

const MOUNTS_OWN_ONLY = 'kubernetes.io/enforce-mountable-secrets';

export const SERVICE_ACCOUNT = strategy<V1ServiceAccount>({
  prepareCreate: keepNames,
  prepareUpdate: keepNames,
  columns: [nameColumn, ageColumn],
  warnings: ({ metadata }, old) =>
    metadata.annotations?.[MOUNTS_OWN_ONLY] === undefined || old?.metadata.annotations?.[MOUNTS_OWN_ONLY] !== undefined
      ? []
      : [`metadata.annotations[${MOUNTS_OWN_ONLY}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`],
});
