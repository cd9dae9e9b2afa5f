import { defaultEndpointSlice, defaultService } from '../defaults/kinds.ts';
import type { V1EndpointSlice, V1Service } from '../generated/types.ts';
import { ENDPOINT_SLICE, ENDPOINTS, SERVICE } from '../table/columns.ts';
import { checkService } from '../validation/kinds.ts';
import { strategy, type Strategy } from './strategy.ts';

/** Services and who stands behind them. */
export const NETWORK: Readonly<Record<string, Strategy>> = {
  V1Service: strategy<V1Service>({
    setDefaults: defaultService,
    prepareCreate: (service) => {
      service.status = { loadBalancer: {} };
    },
    validate: checkService,
    columns: SERVICE,
  }),
  V1Endpoints: { columns: ENDPOINTS },
  V1EndpointSlice: strategy<V1EndpointSlice>({ setDefaults: defaultEndpointSlice, columns: ENDPOINT_SLICE }),
};
