import { firstOperand } from './options.ts';

const text = { type: 'string' } as const;

/** Of `logs` and `exec`, for containers and Pods alike: the options that take a value. All others are flags. */
export const EITHER_OPTIONS = {
  tail: text,
  since: text,
  until: text,
  container: { ...text, short: 'c' },
  namespace: { ...text, short: 'n' },
  env: { ...text, short: 'e' },
  'env-file': text,
  workdir: { ...text, short: 'w' },
  user: { ...text, short: 'u' },
  kubeconfig: text,
  context: text,
  'docker-socket': text,
  'data-dir': text,
  'run-dir': text,
} as const;

/** The Pod's name where the operand is `pod/NAME`; undefined where it is a container's name. */
export function podOperand(commandArguments: readonly string[]): string | undefined {
  return podName(firstOperand(commandArguments, EITHER_OPTIONS));
}

export function podName(operand: string | undefined): string | undefined {
  return /^(?:pods?|po)\/(.+)$/.exec(operand ?? '')?.[1];
}
