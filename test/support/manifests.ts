import { readFile } from 'node:fs/promises';

const read = (name: string) => readFile(new URL(`../../examples/${name}.yaml`, import.meta.url), 'utf8');

/** The Deployment, the Service and the autoscaler of the walk-through, word for word, as one stream of documents. */
export const MYAPP = (await Promise.all(['deployment', 'service', 'autoscaler'].map(read))).join('---\n');
