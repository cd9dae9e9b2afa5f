import type { V1ServiceAccount } from '../../generated/types.ts';
import { strategy } from '../strategy.ts';

/** Of a Secret nothing but its name is told. */
function keepNames(account: V1ServiceAccount): void {
  if (account.secrets !== undefined) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

export const SERVICE_ACCOUNT = strategy<V1ServiceAccount>({ prepareCreate: keepNames, prepareUpdate: keepNames });
