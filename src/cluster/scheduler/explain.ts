import type { NodeReason, NodeWhy, V1Node, V1Pod } from '#cluster/api';
import { messageOf } from './decide.ts';
import { FILTERS } from './filters.ts';
import { Placing } from './placing.ts';
import { REMEDIES } from './remedies.ts';
import { viewOf } from './resources.ts';
import type { ClusterView, NodeView } from './types.ts';

/** What a Pod's place is judged by. */
export interface Surroundings extends Pick<ClusterView, 'namespaceLabels'> {
  readonly nodes: readonly V1Node[];
  readonly pods: readonly V1Pod[];
}

/**
 * Pure: each node with all that keeps a Pod off it, by the filters that place Pods. `message` is what its condition says of that; undefined
 * where some node would take it.
 */
export function explainPlaces(pod: V1Pod, around: Surroundings): { readonly message?: string; readonly nodes: readonly NodeWhy[] } {
  const standing = Map.groupBy(
    around.pods.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed'),
    ({ spec }) => spec?.nodeName ?? '',
  );
  const views = around.nodes.map((node) => viewOf(node, standing.get(node.metadata.name ?? '') ?? []));
  const placing = new Placing(pod, { nodes: views, namespaceLabels: around.namespaceLabels });
  const rejections = views.map((view) => objections(placing, view));
  const nodes = views.map((view, index): NodeWhy => {
    const reasons = (rejections[index] ?? []).flatMap((objection) => reasonsOf(placing, view, objection));
    return { name: view.node.metadata.name ?? '', fits: reasons.length === 0, reasons };
  });
  if (nodes.some(({ fits }) => fits)) return { nodes };
  const first = rejections.flatMap(([objection]) => (objection === undefined ? [] : [objection]));
  return { message: messageOf(nodes.length, first), nodes };
}

interface Objection {
  readonly plugin: (typeof FILTERS)[number]['plugin'];
  readonly reasons: readonly string[];
}

function objections(placing: Placing, view: NodeView): readonly Objection[] {
  return FILTERS.map(({ plugin, filter }) => ({ plugin, reasons: filter(placing, view) })).filter(({ reasons }) => reasons.length > 0);
}

/** Words behind which nothing more is known stand by themselves. */
function reasonsOf(placing: Placing, view: NodeView, { plugin, reasons }: Objection): readonly NodeReason[] {
  return reasons.flatMap((message) => {
    const remedies = REMEDIES[plugin](placing, view, message);
    if (remedies.length > 0) return remedies.map((remedy): NodeReason => ({ plugin, message, ...remedy }));
    return [{ plugin, message, code: plugin, values: {}, advice: `Look at what the Pod asks of a node for ${plugin}` }];
  });
}
