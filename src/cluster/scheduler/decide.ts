import type { V1Pod } from '#cluster/api';
import { FILTERS } from './filters.ts';
import { normalize, SCORES } from './scores.ts';
import type { ClusterView, NodeView, Rejection, Verdict } from './types.ts';

/** Pure: where a Pod goes, or why nowhere. `fraction` in [0, 1) chooses among equally good nodes. */
export function decide(pod: V1Pod, cluster: ClusterView, fraction: number): Verdict {
  const rejections: Rejection[] = [];
  const fitting: NodeView[] = [];
  for (const view of cluster.nodes) {
    const rejection = rejectionOf(pod, view, cluster);
    if (rejection === undefined) fitting.push(view);
    else rejections.push(rejection);
  }
  if (fitting.length === 0) return { kind: 'unschedulable', rejections, message: messageOf(cluster.nodes.length, rejections) };
  const scores = scoresOf(pod, fitting, cluster);
  const best = Math.max(...scores.map(({ score }) => score));
  const winners = scores.filter(({ score }) => score === best);
  const winner = winners[Math.floor(fraction * winners.length)] ?? winners[0];
  return { kind: 'placed', node: winner?.node ?? '', scores };
}

function rejectionOf(pod: V1Pod, view: NodeView, cluster: ClusterView): Rejection | undefined {
  for (const { plugin, filter } of FILTERS) {
    const reasons = filter(pod, view, cluster);
    if (reasons.length > 0) return { node: view.node.metadata.name ?? '', plugin, reasons };
  }
  return undefined;
}

function scoresOf(pod: V1Pod, fitting: readonly NodeView[], cluster: ClusterView): readonly { node: string; score: number }[] {
  const nodes = fitting.map((view) => ({ node: view.node.metadata.name ?? '', score: 0 }));
  if (nodes.length === 1) return nodes;
  for (const { weight, raw, of } of SCORES) {
    const figures = normalize(
      fitting.map((view) => of(pod, view, cluster)),
      raw,
    );
    for (const [index, entry] of nodes.entries()) entry.score += weight * Math.floor(figures[index] ?? 0);
  }
  return nodes;
}

/** Kubernetes' words: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function messageOf(nodes: number, rejections: readonly Rejection[]): string {
  if (nodes === 0) return 'no nodes available to schedule pods';
  const counts = new Map<string, number>();
  for (const reason of rejections.flatMap(({ reasons }) => reasons)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${parts.join(', ')}.`;
}
