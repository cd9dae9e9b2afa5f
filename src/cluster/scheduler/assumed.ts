import type { V1Pod } from '#cluster/api';

/** Pods that were bound by us and are not yet seen so: on the nodes where they will be. */
export class AssumedPods {
  readonly #nodes = new Map<string, string>();
  readonly #byNode = new Map<string, Map<string, V1Pod>>();

  has(key: string): boolean {
    return this.#nodes.has(key);
  }

  /** The Pod as it will be on that node. */
  add(key: string, pod: V1Pod, node: string): void {
    this.remove(key);
    this.#nodes.set(key, node);
    const there = this.#byNode.get(node) ?? new Map<string, V1Pod>();
    this.#byNode.set(node, there.set(key, pod));
  }

  /** Answers the node it was thought to be on; with a uid only where it is that Pod, and not one that has its name since. */
  remove(key: string, uid?: string): string | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    const there = this.#byNode.get(node);
    if (uid !== undefined && there?.get(key)?.metadata.uid !== uid) return undefined;
    this.#nodes.delete(key);
    there?.delete(key);
    if (there?.size === 0) this.#byNode.delete(node);
    return node;
  }

  on(node: string): readonly V1Pod[] {
    return [...(this.#byNode.get(node)?.values() ?? [])];
  }
}
