import { isDeepStrictEqual } from 'node:util';
import { matchesLabels, parseLabelSelector, type V1Pod, type V1Scale, type V2HorizontalPodAutoscaler } from '#cluster/api';
import {
  type Controller,
  createController,
  type EventRecorder,
  HORIZONTAL_POD_AUTOSCALERS,
  keyOfObject,
  POD_METRICS,
  PODS,
  type ReconcileResult,
} from '#cluster/client';
import { messageOf } from '#kit';
import { splitKey } from '../keys.ts';
import type { Shared } from '../types.ts';
import { ignoreGone, withoutUndefined } from '../writes.ts';
import { behaviorOf, type Memory } from './behavior.ts';
import type { PodMetrics } from './metrics.ts';
import { type AutoscalerPlan, autoscalerStatus, planAutoscaler } from './reconcile.ts';

const PERIOD_MS = 15_000;
const DOWN_WINDOW_MS = 300_000;
const NOTHING_REMEMBERED: Memory = { recommendations: [], ups: [], downs: [] };

/** Scales what HorizontalPodAutoscalers name. A timer runs only for each autoscaler that there is. */
export function createAutoscalerController(shared: Shared): Controller {
  const shell = new AutoscalerShell(shared);
  const controller = createController({ ...shared, name: 'horizontalpodautoscaler', reconcile: (key) => shell.reconcile(key) });
  shared.informers.of<V2HorizontalPodAutoscaler>(HORIZONTAL_POD_AUTOSCALERS).onChange(({ type, object, previous }) => {
    if (type === 'deleted') shell.forget(keyOfObject(object));
    // The status is our own word; looking again for it would never end.
    else if (!isDeepStrictEqual(object.spec, previous?.spec)) controller.add(keyOfObject(object));
  });
  return controller;
}

class AutoscalerShell {
  readonly #shared: Shared;
  readonly #events: EventRecorder;
  readonly #memories = new Map<string, Memory>();

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#events = shared.recorder('horizontal-pod-autoscaler');
  }

  forget(key: string): void {
    this.#memories.delete(key);
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const { informers, settings } = this.#shared;
    const { namespace, name } = splitKey(key);
    const autoscaler = informers.of<V2HorizontalPodAutoscaler>(HORIZONTAL_POD_AUTOSCALERS).get(namespace, name);
    if (autoscaler === undefined || autoscaler.metadata.deletionTimestamp !== undefined) return undefined;
    await this.#look(key, autoscaler);
    return { requeueAfter_ms: settings.autoscalerPeriod_ms ?? PERIOD_MS };
  }

  async #look(key: string, autoscaler: V2HorizontalPodAutoscaler): Promise<void> {
    const { clock, settings } = this.#shared;
    const scale = await this.#getScale(autoscaler);
    if ('failure' in scale)
      return await this.#cannotScale(autoscaler, 'FailedGetScale', `the HPA controller was unable to get the target's current scale: ${scale.failure}`);
    const current = scale.spec?.replicas ?? 0;
    const selector = scale.status?.selector ?? '';
    if (selector === '') return await this.#cannotScale(autoscaler, 'InvalidSelector', "the HPA target's scale is missing a selector");
    const pods = this.#podsOf(autoscaler, selector);
    const behavior = behaviorOf(
      autoscaler.spec ?? { maxReplicas: 1, scaleTargetRef: { kind: '', name: '' } },
      settings.downscaleStabilization_ms ?? DOWN_WINDOW_MS,
    );
    const metrics = await this.#metricsOf(autoscaler, selector);
    const plan = planAutoscaler({ autoscaler, current, pods, metrics, behavior, memory: this.#memories.get(key) ?? NOTHING_REMEMBERED }, clock.now());
    if (plan.warning) this.#events.event(autoscaler, 'Warning', plan.warning.reason, plan.warning.message);
    const scaledAt_ms = plan.scaleTo === undefined ? undefined : await this.#scale(autoscaler, scale, plan.scaleTo, plan);
    this.#memories.set(key, plan.memory);
    const done = plan.scaleTo === undefined ? plan : { ...plan, conditions: withRescaled(plan) };
    await this.#writeStatus(autoscaler, done, scale.status?.replicas ?? current, scaledAt_ms);
  }

  async #getScale({ metadata, spec }: V2HorizontalPodAutoscaler): Promise<V1Scale | { readonly failure: string }> {
    const { apiVersion = 'v1', kind = '', name = '' } = spec?.scaleTargetRef ?? {};
    const info = this.#shared.informers.resourceOf(apiVersion, kind);
    if (info === undefined || !info.subresources.includes('scale')) return { failure: `${apiVersion}, Kind=${kind} can't be scaled here` };
    try {
      return await this.#shared.client.resource<V1Scale>(info).get(name, metadata.namespace, { subresource: 'scale' });
    } catch (error) {
      return { failure: messageOf(error) };
    }
  }

  #podsOf({ metadata }: V2HorizontalPodAutoscaler, selector: string): readonly V1Pod[] {
    const labels = parseLabelSelector(selector);
    return this.#shared.informers
      .of<V1Pod>(PODS)
      .list(metadata.namespace)
      .filter((pod) => matchesLabels(labels, pod.metadata.labels));
  }

  async #metricsOf({ metadata }: V2HorizontalPodAutoscaler, labelSelector: string): Promise<ReadonlyMap<string, PodMetrics> | { readonly failure: string }> {
    try {
      const { items } = await this.#shared.client
        .resource<PodMetrics>(POD_METRICS)
        .list({ labelSelector, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) });
      return new Map(items.map((item) => [item.metadata.name ?? '', item]));
    } catch (error) {
      return { failure: messageOf(error) };
    }
  }

  async #scale(autoscaler: V2HorizontalPodAutoscaler, scale: V1Scale, to: number, { reason }: AutoscalerPlan): Promise<number> {
    const { apiVersion = 'v1', kind = '' } = autoscaler.spec?.scaleTargetRef ?? {};
    const info = this.#shared.informers.resourceOf(apiVersion, kind);
    if (info === undefined) throw new TypeError(`${apiVersion} ${kind} had a scale a moment ago`);
    try {
      await this.#shared.client.resource<V1Scale>(info).update({ ...scale, spec: { ...scale.spec, replicas: to } }, { subresource: 'scale' });
    } catch (error) {
      this.#events.event(autoscaler, 'Warning', 'FailedRescale', `New size: ${to}; reason: ${reason}; error: ${messageOf(error)}`);
      throw error;
    }
    this.#events.event(autoscaler, 'Normal', 'SuccessfulRescale', `New size: ${to}; reason: ${reason}`);
    return this.#shared.clock.now();
  }

  async #cannotScale(autoscaler: V2HorizontalPodAutoscaler, reason: string, message: string): Promise<void> {
    this.#events.event(autoscaler, 'Warning', reason, message);
    const conditions = [{ type: 'AbleToScale', status: 'False', reason, message }];
    const { status } = autoscaler;
    await this.#writeStatus(
      autoscaler,
      { reason: '', conditions, currentMetrics: [], desired: status?.desiredReplicas ?? 0, memory: NOTHING_REMEMBERED },
      status?.currentReplicas ?? 0,
      undefined,
    );
  }

  async #writeStatus(autoscaler: V2HorizontalPodAutoscaler, plan: AutoscalerPlan, current: number, scaledAt_ms: number | undefined): Promise<void> {
    const { client, clock } = this.#shared;
    const status = autoscalerStatus(autoscaler, plan, current, scaledAt_ms, clock.now());
    if (isDeepStrictEqual(withoutUndefined(status), withoutUndefined(autoscaler.status))) return;
    const { name = '', namespace, uid } = autoscaler.metadata;
    await ignoreGone(
      client
        .resource<V2HorizontalPodAutoscaler>(HORIZONTAL_POD_AUTOSCALERS)
        .patch(name, namespace, 'merge', { metadata: { uid }, status }, { subresource: 'status' }),
    );
  }
}

function withRescaled({ conditions, scaleTo }: AutoscalerPlan) {
  const message = `the HPA controller was able to update the target scale to ${scaleTo}`;
  return conditions.map((one) => (one.type === 'AbleToScale' ? { ...one, reason: 'SucceededRescale', message } : one));
}
