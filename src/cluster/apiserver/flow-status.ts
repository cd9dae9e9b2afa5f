import { type KubeObject, StatusError, type V1FlowSchema } from '#cluster/api';
import { messageOf } from '#kit';
import { objectKey } from './cache/keys.ts';
import { type Context, timestamp } from './context.ts';
import { findServed, type Served } from './kinds.ts';
import { replace } from './verbs/update.ts';

const GROUP = 'flowcontrol.apiserver.k8s.io';
const DANGLING = 'Dangling';

type Condition = NonNullable<NonNullable<V1FlowSchema['status']>['conditions']>[number];

/** Says in the status of each FlowSchema whether there is the PriorityLevelConfiguration that it names, in kube-apiserver's words. */
export class FlowStatus implements AsyncDisposable {
  readonly #context: Context;
  readonly #schemas: Served;
  readonly #levels: Served;
  readonly #following = new DisposableStack();
  #settling: Promise<void>;
  #isDue = true;

  constructor(context: Context) {
    this.#context = context;
    this.#schemas = servedAs('flowschemas');
    this.#levels = servedAs('prioritylevelconfigurations');
    for (const { prefix } of [this.#schemas, this.#levels])
      this.#following.use(
        context.cache.collection(prefix).listen(() => {
          // What comes while the last look is still to come is seen by it.
          if (this.#isDue) return;
          this.#isDue = true;
          this.#settling = this.#settling.then(() => this.#settle());
        }),
      );
    this.#settling = Promise.resolve().then(() => this.#settle());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#following[Symbol.dispose]();
    await this.#settling;
  }

  /** A write that failed is told, and made up for at the next change or the next start. */
  async #settle(): Promise<void> {
    this.#isDue = false;
    const collection = this.#context.cache.collection(this.#schemas.prefix);
    const writes = collection.keys('').map((key) => this.#look(collection.get(key)));
    for (const result of await Promise.allSettled(writes))
      if (result.status === 'rejected' && !isGone(result.reason))
        this.#context.logger.warn('the status of a FlowSchema could not be written', { error: messageOf(result.reason) });
  }

  async #look(object: KubeObject | undefined): Promise<void> {
    if (object === undefined || this.#conditionOf(object) === undefined) return;
    const place = { served: this.#schemas, namespace: undefined, name: object.metadata.name ?? '' };
    await replace(this.#context, place, { dryRun: false, isTrusted: true, subresource: 'status' }, (before) => {
      const condition = this.#conditionOf(before);
      if (condition === undefined) return before;
      // What stands there are FlowSchemas.
      const next = structuredClone(before) as V1FlowSchema;
      next.status = { ...next.status, conditions: [...(next.status?.conditions ?? []).filter(({ type }) => type !== DANGLING), condition] };
      return next;
    });
  }

  /** Undefined where it stands there already. */
  #conditionOf(object: KubeObject): Condition | undefined {
    // As above.
    const { spec, status } = object as V1FlowSchema;
    const name = spec?.priorityLevelConfiguration.name ?? '';
    const exists = this.#context.cache.get(objectKey(this.#levels.storage, undefined, name)) !== undefined;
    const words = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)}`;
    const condition: Condition = exists
      ? { type: DANGLING, status: 'False', reason: 'Found', message: `${words} and it exists` }
      : { type: DANGLING, status: 'True', reason: 'NotFound', message: `${words} but there is no such object` };
    const known = status?.conditions?.find(({ type }) => type === DANGLING);
    if (known?.status === condition.status && known?.reason === condition.reason && known?.message === condition.message) return undefined;
    return { ...condition, lastTransitionTime: timestamp(this.#context.clock) };
  }
}

function servedAs(resource: string): Served {
  const served = findServed({ group: GROUP, version: 'v1', resource });
  if (served === undefined) throw new TypeError(`${resource} are not served`);
  return served;
}

/** It was deleted meanwhile. */
function isGone(error: unknown): boolean {
  return error instanceof StatusError && error.body.reason === 'NotFound';
}
