import type { UdpFlows } from '#linux';
import { familyOf } from './ip.ts';
import type { Model } from './model.ts';
import type { IpAddress, PublishedPort, ServiceRule } from './types.ts';

type Led = Pick<Model, 'published' | 'services'>;

/**
 * UDP flows that the kernel leads on by rules of before: to what is gone, or to nowhere since it was led nowhere when it began. A client that
 * keeps its port would never notice the change. Pure.
 */
export function staleFlows(before: Led, after: Led): readonly UdpFlows[] {
  if (before.published === after.published && before.services === after.services) return [];
  const ways = { before: waysOf(before), after: waysOf(after) };
  const begins = { before: ways.before.map(beginOf), after: ways.after.map(beginOf) };
  return [...missing(ways.before, ways.after), ...missing(begins.after, begins.before)];
}

type Way = UdpFlows & { readonly to: object };

/** From what clients name to who answers. */
function waysOf({ published, services }: Led): readonly Way[] {
  const ports = published
    .filter(isUdp)
    .flatMap(({ hostPort, targetAddress, targetAddress6, targetPort }) =>
      [targetAddress, ...(targetAddress6 === undefined ? [] : [targetAddress6])].map((address) => way({ port: hostPort }, address, targetPort)),
    );
  const led = services
    .filter(isUdp)
    .flatMap(({ address, port, nodePort, backends }) =>
      [{ address, port }, ...(nodePort === undefined ? [] : [{ port: nodePort }])].flatMap((to) =>
        backends.map((backend) => way(to, backend.address, backend.port)),
      ),
    );
  return [...ports, ...led];
}

function way(to: NonNullable<UdpFlows['to']>, address: IpAddress, port: number): Way {
  return { family: familyOf(address) === 6 ? 6 : 4, to, answeredBy: { address, port } };
}

const isUdp = ({ protocol }: Pick<PublishedPort | ServiceRule, 'protocol'>) => protocol === 'udp';
const beginOf = ({ family, to }: Way): UdpFlows => ({ family, to });

/** Those of the first list that the other has not, each once. */
function missing(from: readonly UdpFlows[], other: readonly UdpFlows[]): readonly UdpFlows[] {
  const byText = (flows: readonly UdpFlows[]) => new Map(flows.map((flow) => [JSON.stringify(flow), flow]));
  const known = byText(other);
  return [...byText(from)].filter(([text]) => !known.has(text)).map(([, flow]) => flow);
}
