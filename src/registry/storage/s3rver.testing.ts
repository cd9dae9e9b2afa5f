import { createRequire } from 'node:module';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Credentials } from './sigv4.ts';
import type { S3Place } from './s3-client.ts';

/** What is used of the package, which tells no types. */
interface S3rver {
  httpServer: Server;
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}
type S3rverClass = new (options: {
  readonly address: string;
  readonly port: number;
  readonly silent: boolean;
  readonly directory: string;
  readonly vhostBuckets: boolean;
  readonly configureBuckets: readonly { readonly name: string }[];
}) => S3rver;

/** The only ones that it knows. */
export const S3RVER_CREDENTIALS: Credentials = { accessKey: 'S3RVER', secretKey: 'S3RVER' };

/** The S3-compatible server of npm's `@20minutes/s3rver` with one bucket, `box`. It lists and aborts no multipart uploads. */
export async function startS3rver(folder: string): Promise<S3Place & AsyncDisposable> {
  // A cast because the package has no types; it is loaded only by the tests that use it.
  const Class = createRequire(import.meta.url)('@20minutes/s3rver') as S3rverClass;
  const directory = join(folder, 's3rver');
  const server = new Class({ address: '127.0.0.1', port: 0, silent: true, directory, vhostBuckets: false, configureBuckets: [{ name: 'box' }] });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-1',
    bucket: 'box',
    pathStyle: true,
    async [Symbol.asyncDispose]() {
      server.httpServer.closeAllConnections();
      await server.close();
    },
  };
}
