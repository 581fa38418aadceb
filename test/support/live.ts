// Asking real nodes, as a client would.
import { Agent, request } from 'undici';
import type { HostProcess } from '../../scripts/host-process.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the answer has, and fails where it has not.
  readonly body: any;
}

/** A client of its own, so that a killed host's connections are nobody else's. */
export class Client implements AsyncDisposable {
  readonly #agent = new Agent({ connections: 64 });

  /** `undefined` when the host did not answer: it was killed, or is not there. */
  async ask(
    host: Pick<HostProcess, 'url'>,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer | undefined> {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    try {
      const response = await request(host.url + path, {
        method: method as 'GET',
        dispatcher: this.#agent,
        headers: { ...json, ...headers },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await response.body.text();
      return {
        status: response.statusCode,
        headers: response.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return undefined;
    }
  }

  /** The same, of a host that is up. */
  async expect(
    host: Pick<HostProcess, 'url'>,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await this.ask(host, method, path, body, headers);
    if (answer === undefined) throw new Error(`${method} ${host.url}${path} was not answered.`);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}
