import type { V1IngressLoadBalancerIngress, V1LoadBalancerIngress } from '../../generated/types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkIp, isIp } from '../../validation/ip.ts';
import { checkText, dnsSubdomain } from '../../validation/text-formats.ts';

type Entry = V1LoadBalancerIngress | V1IngressLoadBalancerIngress;
const MODES = ['Proxy', 'VIP'];

/** Where a balancer can be reached. Of a Service each address says how it is delivered (`withModes`). */
export function checkLoadBalancerStatus(errors: FieldErrors, entries: readonly Entry[] = [], old: readonly Entry[] = [], withModes = false): void {
  const kept = old.flatMap(({ ip }) => ip ?? []);
  for (const [index, entry] of entries.entries()) {
    const path = `status.loadBalancer.ingress[${index}]`;
    if (entry.ip) checkIp(errors, `${path}.ip`, entry.ip, kept);
    if (withModes) checkMode(errors, path, entry);
    if (!entry.hostname) continue;
    checkText(errors, `${path}.hostname`, entry.hostname, dnsSubdomain);
    if (isIp(entry.hostname)) errors.invalid(`${path}.hostname`, entry.hostname, 'must be a DNS name, not an IP address');
  }
}

function checkMode(errors: FieldErrors, path: string, entry: V1LoadBalancerIngress): void {
  if (entry.ipMode === undefined) {
    if (entry.ip) errors.required(`${path}.ipMode`, 'must be specified when `ip` is set');
  } else if (!entry.ip) errors.forbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set');
  else if (!MODES.includes(entry.ipMode)) errors.notSupported(`${path}.ipMode`, entry.ipMode, MODES);
}
