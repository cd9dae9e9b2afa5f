type File = typeof import('./kubeconfig-file.ts');

/** YAML comes along with it: loaded when there is an entry to write or to remove. */
const file = () => import('./kubeconfig-file.ts');

export type { KubeconfigEntry } from './kubeconfig-file.ts';
export const writeKubeconfigEntry: File['writeKubeconfigEntry'] = async (...given) => (await file()).writeKubeconfigEntry(...given);
export const removeKubeconfigEntry: File['removeKubeconfigEntry'] = async (...given) => (await file()).removeKubeconfigEntry(...given);
