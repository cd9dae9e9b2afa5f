import { Agent, request } from 'node:http';

/** The Docker Engine API at a socket, over connections that are kept, as client libraries do. */
export class Api implements Disposable {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Errors: any answer from 400 up, with its message. */
  async call(method: string, path: string, body?: object): Promise<unknown> {
    const { status, text } = await this.#send(method, path, body);
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async create(body: object): Promise<string> {
    const made = (await this.call('POST', '/containers/create', body)) as { Id: string }; // as the API says
    return made.Id;
  }

  #send(method: string, path: string, body: object | undefined): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json' };
      const asking = request({ socketPath: this.#socketPath, agent: this.#agent, method, path: `/v1.41${path}`, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.once('error', reject);
      });
      asking.once('error', reject);
      asking.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
