import type { Call } from './http.ts';
import type { Rooms } from './options.ts';
import { API_VERSION, API_VERSION_MIN } from './versions.ts';

export async function ping(call: Call): Promise<void> {
  call.response.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': 2,
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    Pragma: 'no-cache',
    'Builder-Version': '1',
    Swarm: 'inactive',
  });
  call.response.end(call.request.method === 'HEAD' ? undefined : 'OK');
}

export async function version(call: Call, rooms: Rooms): Promise<void> {
  const { info } = rooms;
  const common = { ApiVersion: API_VERSION, MinAPIVersion: API_VERSION_MIN, Os: 'linux', Arch: info.architecture, KernelVersion: info.kernelVersion };
  const details = { ...common, Experimental: 'false' };
  call.json(200, {
    Platform: { Name: 'Gantry' },
    Components: [{ Name: 'Engine', Version: info.version, Details: details }],
    Version: info.version,
    GitCommit: '',
    GoVersion: '',
    Experimental: false,
    BuildTime: '',
    ...common,
  });
}
