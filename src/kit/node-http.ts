/**
 * Node's own `node:http`. An import statement of it reads every export, and so loads a whole WebSocket client that nothing
 * here uses: 4 MB and 20 ms.
 */
export const nodeHttp = (): typeof import('node:http') => process.getBuiltinModule('node:http');
