import { hears, isLoopback } from './sockets.ts';
import type { ForwardDrop, Listener, PortFacts, ShownContainer, Target, Way, WhyFinding } from './types.ts';

const TARGETS_MAX = 20;

/** Follows the way of a packet to the port as far as it goes. Pure. */
export function portFindings(facts: PortFacts): readonly WhyFinding[] {
  if (facts.ways.length === 0) return [listening(facts), ...elsewhere(facts)];
  const leads = facts.ways.some((way) => way.targets.some(({ container }) => container !== undefined));
  return [listening(facts), ...facts.ways.flatMap((way) => wayFindings(way, facts)), ...(leads ? passage(facts) : [])];
}

function listening(facts: PortFacts): WhyFinding {
  const { listeners, ways, port, protocol, daemon } = facts;
  const step = 'this machine';
  const held = listeners.filter(({ pid }) => pid !== undefined && pid === daemon);
  const others = listeners.filter((listener) => !held.includes(listener));
  const published = ways.filter(({ kind }) => kind === 'published');
  if (others.length > 0 && published.length > 0)
    return {
      step,
      ok: false,
      detail: `${list(others)} listens on ${port}/${protocol}, which a container publishes too: local clients may reach the one or the other`,
      advice: 'End that program, or publish another port',
    };
  if (others.length > 0) return { step, ok: true, detail: `${list(others)} listens on ${places(others)}` };
  if (held.length > 0 && published.length > 0)
    return { step, ok: true, detail: `Gantry holds ${port}/${protocol} on ${addresses(held)} for a published port (process ${daemon})` };
  if (held.length > 0) return { step, ok: true, detail: `Gantry itself listens on ${places(held)} (process ${daemon})` };
  if (published.length > 0)
    return { step, ok: true, detail: `no program listens on ${port}/${protocol}; the kernel leads packets on before one would get them`, ...heldAdvice(facts) };
  if (ways.length > 0) return { step, ok: true, detail: `no program listens on ${port}/${protocol}, and none has to: the kernel leads packets on` };
  return { step, ok: false, detail: `no program listens on ${port}/${protocol}, and nothing is published there` };
}

function heldAdvice({ daemon }: PortFacts): { readonly advice?: string } {
  return daemon === undefined ? {} : { advice: 'The daemon does not hold the port: another program had it when the daemon started. "gantry up" anew holds it' };
}

/** Nothing of Gantry's leads anywhere: who could be meant? */
function elsewhere({ dormant, unpublished, listeners, daemon, port, protocol }: PortFacts): readonly WhyFinding[] {
  const step = 'Gantry';
  const found: WhyFinding[] = dormant.map(({ title, name, status, exitCode }) => ({
    step,
    ok: false,
    detail: `${title} publishes ${port}/${protocol} while it runs, but it is ${status}${exitCode === undefined ? '' : ` (exit code ${exitCode})`}`,
    advice: `"gantry why container ${name}" tells why; "docker start ${name}" starts it`,
  }));
  for (const container of unpublished)
    found.push({
      step,
      ok: listeners.length > 0,
      detail: `in ${container.title} a process listens on ${port}/${protocol}, but the port is not published on this machine`,
      advice:
        container.pod === undefined
          ? `Publish it with "gantry container port add ${container.name} ${port}:${port}${protocol === 'tcp' ? '' : '/udp'}"`
          : `Make a Service of type NodePort, or "kubectl port-forward -n ${container.pod.namespace} pod/${container.pod.name} ${port}"`,
    });
  if (found.length > 0) return found;
  if (daemon === undefined)
    return [{ step, ok: listeners.length > 0, detail: 'no daemon answers, so nothing is known of its ports', advice: 'Start it with "gantry up --detach"' }];
  const detail = `no container publishes ${port}/${protocol}, and no Service has it`;
  if (listeners.some(({ pid }) => pid === daemon)) return [];
  return [{ step, ok: listeners.length > 0, detail: listeners.length > 0 ? `${detail}: that program is none of Gantry's` : detail }];
}

function wayFindings(way: Way, facts: PortFacts): readonly WhyFinding[] {
  const what = `${way.kind} ${way.address}:${way.port}`;
  const first: WhyFinding = {
    step: what,
    ok: way.targets.length > 0,
    detail:
      way.targets.length > 0
        ? `leads to ${way.targets.map(({ address, port }) => `${address}:${port}`).join(', ')}${onlyHere(way)}`
        : 'the Service has no ready Pod',
    ...(way.targets.length > 0 ? {} : { advice: 'Look at the Pods that its selector means: "gantry get endpoints,pods -A", "gantry why pod NAME"' }),
  };
  if (way.targets.length === 0) return [first];
  const rule: WhyFinding =
    way.rule === undefined
      ? {
          step: 'rule',
          ok: false,
          detail: `the kernel's nftables table has no rule for ${what}`,
          advice: 'Something took it away. A daemon that starts puts it back: "gantry up"',
        }
      : { step: 'rule', ok: true, detail: way.rule };
  return [first, rule, ...way.targets.slice(0, TARGETS_MAX).flatMap((target) => targetFindings(target, facts))];
}

function onlyHere({ kind, address }: Way): string {
  return kind === 'published' && isLoopback(address) ? ' (from this machine only: it is published on its loopback address)' : '';
}

/** What is at the end of the way; stops at the first thing that is wrong. */
function targetFindings(target: Target, facts: PortFacts): readonly WhyFinding[] {
  const { address, port, bridge, container, hasAddress, inside } = target;
  const where = `${address}:${port}`;
  if (container === undefined) return [{ step: where, ok: true, detail: 'the address of no container on this machine: what is there is not known here' }];
  const found: WhyFinding[] = [];
  const runs = container.status === 'running';
  found.push({
    step: where,
    ok: runs,
    detail: `${container.title} is ${container.status}`,
    ...(runs ? {} : { advice: container.status === 'paused' ? `"docker unpause ${container.name}"` : whyOf(container) }),
  });
  if (!runs) return found;
  if (bridge !== undefined || hasAddress === false) found.push(wire(target));
  if (found.some(({ ok }) => !ok)) return found;
  return [...found, insideFinding(target, inside ?? [], facts)];
}

function wire({ address, bridge, hasAddress }: Target): WhyFinding {
  const step = bridge === undefined ? 'network' : `bridge ${bridge.name}`;
  if (hasAddress === false)
    return { step, ok: false, detail: `the container does not have the address ${address} any more`, advice: 'Connect it to its network again, or restart it' };
  if (bridge?.state === 'absent') return { step, ok: false, detail: 'the bridge is gone', advice: 'Restart the container: that makes its bridge' };
  if (bridge?.state === 'down') return { step, ok: false, detail: 'the bridge is down', advice: `"ip link set ${bridge.name} up"` };
  return { step, ok: true, detail: `is up, and the container has ${address} on it` };
}

function insideFinding({ address, port, container }: Target, inside: readonly Listener[], { protocol }: PortFacts): WhyFinding {
  const step = 'inside';
  const there = inside.filter((listener) => listener.port === port);
  const hearing = there.filter((listener) => hears(listener.address, address));
  if (hearing.length > 0) return { step, ok: true, detail: `${list(hearing)} listens on ${places(hearing)}` };
  if (there.length > 0 && there.every((listener) => isLoopback(listener.address)))
    return {
      step,
      ok: false,
      detail: `${list(there)} listens on ${places(there)} only: packets from outside the container do not reach its loopback address`,
      advice: `Have the program listen on 0.0.0.0:${port} instead`,
    };
  const all = inside.length === 0 ? `nothing listens for ${protocol} in there` : `what listens in there: ${inside.map(shown).join(', ')}`;
  return {
    step,
    ok: false,
    detail: there.length > 0 ? `${list(there)} listens on ${places(there)}, which is not ${address}` : `no process listens on ${port}/${protocol}; ${all}`,
    advice:
      inside.length > 0 && there.length === 0
        ? `Publish the port on which it does listen, or have the program listen on ${port}`
        : `See whether the program has started: ${logsOf(container)}`,
  };
}

/** What all forwarded packets meet. */
function passage({ forwarding, forwardDrops }: PortFacts): readonly WhyFinding[] {
  const found: WhyFinding[] = [
    forwarding
      ? { step: 'forwarding', ok: true, detail: 'net.ipv4.ip_forward is on' }
      : {
          step: 'forwarding',
          ok: false,
          detail: 'net.ipv4.ip_forward is off: other machines and containers do not get through, this machine itself does',
          advice: 'Turn it on with "sysctl -w net.ipv4.ip_forward=1", and see who turned it off',
        },
  ];
  if (forwardDrops === undefined) found.push({ step: 'firewall', ok: true, detail: 'not looked at: only root may see the rules of others' });
  return [...found, ...(forwardDrops ?? []).map(dropFinding)];
}

function dropFinding({ table, chain, accepts }: ForwardDrop): WhyFinding {
  const step = 'firewall';
  const what = `chain ${chain} of the table "${table}", which is not Gantry's, has the policy drop`;
  if (accepts) return { step, ok: true, detail: `${what}, but a rule of it accepts what was led to containers` };
  const advice = table.startsWith('iptables')
    ? 'Let it through: "iptables-legacy -I FORWARD -m conntrack --ctstate DNAT,RELATED,ESTABLISHED -j ACCEPT"'
    : `Let it through: "nft insert rule ${table} ${chain} ct status dnat accept"`;
  return {
    step,
    ok: false,
    detail: `${what}: other machines and containers do not get through unless a rule of it accepts them; this machine itself does`,
    advice,
  };
}

function whyOf({ name, pod }: ShownContainer): string {
  return `"gantry why ${pod === undefined ? `container ${name}` : `pod ${pod.name} -n ${pod.namespace}`}" tells why`;
}
function logsOf(container: ShownContainer | undefined): string {
  if (container?.pod) return `"gantry logs -n ${container.pod.namespace} pod/${container.pod.name}"`;
  return `"gantry logs ${container?.name ?? 'NAME'}"`;
}
function list(listeners: readonly Listener[]): string {
  const names = listeners.map(({ program, pid }) => (pid === undefined ? 'a process that this user may not see' : `${program ?? '?'} (process ${pid})`));
  return [...new Set(names)].join(', ');
}
function places(listeners: readonly Listener[]): string {
  return [...new Set(listeners.map(place))].join(', ');
}
function addresses(listeners: readonly Listener[]): string {
  return [...new Set(listeners.map(({ address }) => address))].join(', ');
}
function place({ address, port }: Listener): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
function shown(listener: Listener): string {
  return `${place(listener)} (${listener.program ?? '?'})`;
}
