import type { V1ContainerPort, V1Pod, V1PodAffinityTerm, V1TopologySpreadConstraint } from '#cluster/api';
import { domainOf, domainsWith, termMeans } from './affinity.ts';
import { type Amounts, countedOf, ownerOf, requestsOf } from './resources.ts';
import { countsByDomain } from './spread.ts';
import type { ClusterView, Counted } from './types.ts';

/** One Pod that is being placed, with what is the same whichever node is looked at: worked out once, when it is first asked for. */
export class Placing {
  readonly pod: V1Pod;
  readonly requests: Amounts;
  readonly counted: Counted;
  /** The uid of its controller. */
  readonly owner: string;
  /** Labels that a node must have. */
  readonly selector: readonly (readonly [key: string, value: string])[];
  readonly hostPorts: readonly V1ContainerPort[];
  /** Constraints that are wishes. */
  readonly soft: readonly V1TopologySpreadConstraint[];
  /** What its containers run, each with its tag. */
  readonly images: readonly string[];
  readonly #cluster: ClusterView;
  readonly #domains = new Map<V1PodAffinityTerm, ReadonlySet<string>>();
  readonly #counts = new Map<V1TopologySpreadConstraint, ReadonlyMap<string, number>>();
  #repelled: readonly (readonly [topologyKey: string, domain: string])[] | undefined;

  constructor(pod: V1Pod, cluster: ClusterView) {
    this.pod = pod;
    this.requests = requestsOf(pod);
    this.counted = countedOf(this.requests);
    this.owner = ownerOf(pod) ?? '';
    this.selector = Object.entries(pod.spec?.nodeSelector ?? {});
    this.hostPorts = hostPorts(pod);
    this.soft = (pod.spec?.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway');
    this.images = (pod.spec?.containers ?? []).map(({ image }) => withTag(image ?? ''));
    this.#cluster = cluster;
  }

  /** The values of the term's topology key in which a Pod stands that the term means. */
  domains(term: V1PodAffinityTerm): ReadonlySet<string> {
    const known = this.#domains.get(term);
    if (known !== undefined) return known;
    const domains = domainsWith(term, this.pod, this.#cluster);
    this.#domains.set(term, domains);
    return domains;
  }

  /** Whether a term of the Pod means the Pod itself. */
  meansItself(term: V1PodAffinityTerm): boolean {
    return termMeans(term, this.pod, this.pod, this.#cluster);
  }

  /** How many Pods that the constraint means stand in each domain. */
  counts(constraint: V1TopologySpreadConstraint): ReadonlyMap<string, number> {
    const known = this.#counts.get(constraint);
    if (known !== undefined) return known;
    const counts = countsByDomain(constraint, this.pod, this.#cluster);
    this.#counts.set(constraint, counts);
    return counts;
  }

  /** Where Pods stand that keep this one out of their domain. */
  get repelled(): readonly (readonly [topologyKey: string, domain: string])[] {
    this.#repelled ??= this.#cluster.nodes
      .filter(({ repelling }) => repelling.length > 0)
      .flatMap((view) =>
        view.repelling.flatMap((existing) =>
          (existing.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term) => {
            const domain = domainOf(view, term.topologyKey);
            return domain !== undefined && termMeans(term, existing, this.pod, this.#cluster) ? [[term.topologyKey, domain] as const] : [];
          }),
        ),
      );
    return this.#repelled;
  }
}

/** Ports that it takes on its node. */
export function hostPorts({ spec }: V1Pod): readonly V1ContainerPort[] {
  return (spec?.containers ?? []).flatMap(({ ports = [] }) => ports.filter(({ hostPort }) => hostPort));
}

/** An image's name as nodes tell it. */
export function withTag(image: string): string {
  return image.slice(image.lastIndexOf('/') + 1).includes(':') || image.includes('@') ? image : `${image}:latest`;
}
