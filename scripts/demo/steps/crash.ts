import type { Stage } from '../stage.ts';
import { start } from './start.ts';

export async function crash(stage: Stage): Promise<void> {
  const { published } = stage.ports;
  const page = ['curl', '-sS', `http://127.0.0.1:${published}/`];
  await stage.docker(`run -d --name steady -p ${published}:80 myregistry/myimage:1.0`);
  await stage.docker('run -d --name brief busybox sleep 600');
  await stage.until(page, /hello/);
  const { pid } = JSON.parse(await stage.gantry('status -o json', { quiet: true })) as { pid: number };
  const [brief] = JSON.parse(await stage.docker('inspect brief', { quiet: true })) as [{ State: { Pid: number } }];
  await stage.run(['kill', '-9', String(pid)]);
  await stage.run(page, { shows: /hello/ });
  await stage.run(['kill', '-9', String(brief.State.Pid)]);
  await start(stage);
  await stage.docker('ps -a', { shows: /Exited \(137\).*brief/ });
  await stage.docker('logs steady', { shows: /serving on port 80/ });
  await stage.run(page, { shows: /hello/ });
  await stage.docker('ps', { shows: /Up .*steady/ });
  await stage.docker('rm -f steady brief');
}
