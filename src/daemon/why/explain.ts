import { askControl } from '../control.ts';
import { findDirs, type GivenDirs } from '../find.ts';
import { collectPort } from './collect-port.ts';
import { containerFindings } from './container.ts';
import { portFindings } from './port.ts';
import type { ContainerFacts, PortFacts, WhyFinding, WhyProtocol } from './types.ts';

/** An answer to `gantry why`: the reasons, and what they were found from. */
export interface Explanation<Facts> {
  readonly findings: readonly WhyFinding[];
  readonly facts: Facts;
}

/** Follows the way of a packet to a port of this machine; without a daemon as far as that goes. */
export async function explainPort(given: GivenDirs, port: number, protocol: WhyProtocol): Promise<Explanation<PortFacts>> {
  const own = await askControl((await findDirs(given)).runDir, '/facts/ports');
  const facts = await collectPort(port, protocol, own);
  return { findings: portFindings(facts), facts };
}

/** Why a container ended or does not start. Undefined: no daemon answers, or it has no such container. */
export async function explainContainer(given: GivenDirs, name: string): Promise<Explanation<ContainerFacts> | undefined> {
  const facts = await askControl((await findDirs(given)).runDir, '/facts/container', { name });
  return facts === undefined ? undefined : { findings: containerFindings(facts), facts };
}
