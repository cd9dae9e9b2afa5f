import type { V1Node } from '#cluster/api';
import type { NodeView } from './types.ts';

/** Every node as it is to a Pod that comes: a list in which only what changed is worked out anew. */
export class NodeViews {
  readonly #of: (node: V1Node) => NodeView;
  readonly #places = new Map<string, number>();
  readonly #changed = new Set<string>();
  #views: NodeView[] = [];
  #isWhole = false;

  constructor(of: (node: V1Node) => NodeView) {
    this.#of = of;
  }

  /** The node's Pods changed. */
  podsChanged(node: string): void {
    this.#changed.add(node);
  }

  /** There are other nodes, or one of them is another. */
  nodesChanged(): void {
    this.#isWhole = false;
  }

  /** `nodes` are those that there are. */
  list(nodes: () => readonly V1Node[]): readonly NodeView[] {
    if (!this.#isWhole) {
      this.#views = nodes().map(this.#of);
      this.#places.clear();
      for (const [place, { node }] of this.#views.entries()) this.#places.set(node.metadata.name ?? '', place);
      this.#isWhole = true;
    } else {
      for (const name of this.#changed) this.#renew(this.#places.get(name));
    }
    this.#changed.clear();
    return this.#views;
  }

  #renew(place: number | undefined): void {
    const known = place === undefined ? undefined : this.#views[place];
    if (place !== undefined && known !== undefined) this.#views[place] = this.#of(known.node);
  }
}
