import { hostname } from 'node:os';

/** The Node's name: the machine's own, in the form that names of Nodes have (RFC 1123). */
export function nodeNameOf(name: string = hostname()): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 63);
  return plain === '' ? 'node' : plain;
}
