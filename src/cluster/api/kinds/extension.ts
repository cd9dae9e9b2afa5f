import { checkDefinition } from '../custom/check-definition.ts';
import { defaultDefinition } from '../custom/default-definition.ts';
import type { Definition } from '../custom/definition.ts';
import { strategy, type Strategy } from './strategy.ts';

/** A definition goes when the objects of its kind have gone. */
export const CUSTOM_CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

/** What adds kinds of its own, and what looks at the writes of others. */
export const EXTENSION: Readonly<Record<string, Strategy>> = {
  V1CustomResourceDefinition: strategy<Definition>({
    counted: true,
    setDefaults: defaultDefinition,
    prepareCreate: ({ metadata }) => {
      metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), CUSTOM_CLEANUP])];
    },
    validate: checkDefinition,
  }),
};
