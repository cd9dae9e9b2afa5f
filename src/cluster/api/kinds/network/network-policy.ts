import type { V1IPBlock, V1NetworkPolicy, V1NetworkPolicyPeer, V1NetworkPolicyPort, V1NetworkPolicySpec } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn, selectorText } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkRange, parseRange, rangeHolds } from '../../validation/ip.ts';
import { checkPort } from '../../validation/numbers.ts';
import { checkLabelSelector } from '../../validation/selector-rules.ts';
import { checkText, portName } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const TYPES = ['Ingress', 'Egress'];

function setDefaults(policy: V1NetworkPolicy): void {
  policy.spec ??= {};
  const { spec } = policy;
  spec.podSelector ??= {};
  for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of ports ?? []) port.protocol ??= 'TCP';
  // A policy that names no type is about what comes in, and about what goes out if it says anything of that.
  if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
}

function validate(errors: FieldErrors, { spec = {} }: V1NetworkPolicy, old?: V1NetworkPolicy): void {
  const { podSelector, ingress = [], egress = [], policyTypes = [] } = spec;
  const kept = rangesOf(old?.spec);
  checkLabelSelector(errors, 'spec.podSelector', podSelector);
  for (const [index, { ports = [], from = [] }] of ingress.entries()) {
    for (const [at, port] of ports.entries()) checkPolicyPort(errors, `spec.ingress[${index}].ports[${at}]`, port);
    for (const [at, peer] of from.entries()) checkPeer(errors, `spec.ingress[${index}].from[${at}]`, peer, kept);
  }
  for (const [index, { ports = [], to = [] }] of egress.entries()) {
    for (const [at, port] of ports.entries()) checkPolicyPort(errors, `spec.egress[${index}].ports[${at}]`, port);
    for (const [at, peer] of to.entries()) checkPeer(errors, `spec.egress[${index}].to[${at}]`, peer, kept);
  }
  if (policyTypes.length > TYPES.length) return errors.invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes');
  for (const [index, type] of policyTypes.entries()) if (!TYPES.includes(type)) errors.notSupported(`spec.policyTypes[${index}]`, type, TYPES);
}

/** Ranges that stand there already, and may stay whatever they are. */
function rangesOf({ ingress = [], egress = [] }: V1NetworkPolicySpec = {}): readonly string[] {
  const peers = [...ingress.flatMap(({ from }) => from ?? []), ...egress.flatMap(({ to }) => to ?? [])];
  return peers.flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock.cidr, ...(ipBlock.except ?? [])]));
}

function checkPolicyPort(errors: FieldErrors, path: string, { port, protocol, endPort }: V1NetworkPolicyPort): void {
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) errors.notSupported(`${path}.protocol`, protocol, PROTOCOLS);
  if (port === undefined) {
    if (endPort !== undefined) errors.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified');
  } else if (typeof port === 'string') {
    if (endPort !== undefined) errors.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric');
    checkText(errors, `${path}.port`, port, portName);
  } else {
    checkPort(errors, `${path}.port`, port);
    if (endPort === undefined) return;
    if (endPort < port) errors.invalid(`${path}.endPort`, port, 'must be greater than or equal to `port`');
    checkPort(errors, `${path}.endPort`, endPort);
  }
}

function checkPeer(errors: FieldErrors, path: string, peer: V1NetworkPolicyPeer, kept: readonly string[]): void {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  if (podSelector !== undefined) checkLabelSelector(errors, `${path}.podSelector`, podSelector);
  if (namespaceSelector !== undefined) checkLabelSelector(errors, `${path}.namespaceSelector`, namespaceSelector);
  if (ipBlock !== undefined) checkBlock(errors, `${path}.ipBlock`, ipBlock, kept);
  const named = [podSelector, namespaceSelector, ipBlock].filter((one) => one !== undefined).length;
  if (named === 0) errors.required(path, 'must specify a peer');
  else if (named > 1 && ipBlock !== undefined) errors.forbidden(path, 'may not specify both ipBlock and another peer');
}

function checkBlock(errors: FieldErrors, path: string, { cidr, except = [] }: V1IPBlock, kept: readonly string[]): void {
  if (!cidr) return errors.required(`${path}.cidr`);
  checkRange(errors, `${path}.cidr`, cidr, kept);
  const whole = parseRange(cidr);
  if (whole === undefined) return;
  for (const [index, text] of except.entries()) {
    const field = `${path}.except[${index}]`;
    checkRange(errors, field, text, kept);
    const part = parseRange(text);
    if (part !== undefined && !(rangeHolds(whole, part.family, part.first) && part.bits > whole.bits))
      errors.invalid(field, text, 'must be a strict subset of `cidr`');
  }
}

const columns: readonly Column[] = [nameColumn, column<V1NetworkPolicy>('Pod-Selector', ({ spec }) => selectorText(spec?.podSelector ?? {})), ageColumn];

export const NETWORK_POLICY = strategy<V1NetworkPolicy>({ counted: true, setDefaults, validate, columns });
