import { StatusError } from '#cluster/api';

const unavailable = (message: string) => new StatusError(503, 'ServiceUnavailable', message);

/** 503: the Service has no such port. */
export function noServicePort(port: string, service: string): StatusError {
  return unavailable(/^\d+$/.test(port) ? `no service port ${port} found for service "${service}"` : `no endpoints available for service "${service}"`);
}
/** 503: nothing that is ready stands behind the Service. */
export function noEndpoints(service: string): StatusError {
  return unavailable(`no endpoints available for service "${service}"`);
}
/** 503: what is behind the proxy can't be reached, or broke off. */
export function backendUnreachable(where: string, cause: unknown): StatusError {
  return new StatusError(
    503,
    'ServiceUnavailable',
    `error trying to reach service: ${where}: ${cause instanceof Error ? cause.message : String(cause)}`,
    undefined,
    { cause },
  );
}
/** 400: an address that only this machine itself may reach. */
export function addressNotAllowed(address: string): StatusError {
  return new StatusError(400, 'BadRequest', `address not allowed: ${address} is this machine's own`);
}
