import { APP } from './build.ts';
import type { Stage } from '../stage.ts';

const POD = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'built-only' },
  spec: { containers: [{ name: 'main', image: 'never-pushed:1' }] },
});

export async function builtOnly(stage: Stage): Promise<void> {
  await stage.docker('build -q -t never-pushed:1 .', { folder: APP });
  await stage.kubectl('apply -f -', { input: POD });
  await stage.until(['kubectl', 'get', 'pod', 'built-only'], /Running/);
  await stage.kubectl('delete pod built-only');
}
