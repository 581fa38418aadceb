// Somebody between the hosts and one of them, on loopback: a port that passes requests on to that host, and on which he may send another
// request on instead, or answer himself.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';

interface Said {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Heard {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** `pass` brings the real host's answer. */
export type Meddling = (said: Said, pass: (said: Said) => Promise<Heard>) => Promise<Heard>;

const honest: Meddling = (said, pass) => pass(said);

export class ManInTheMiddle implements AsyncDisposable {
  readonly url: string;
  meddle: Meddling = honest;
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  /** `real`: the host's own `http://127.0.0.1:port`. */
  static async before(real: string): Promise<ManInTheMiddle> {
    const agent = new Agent();
    const pass = async ({ method, path, headers, body }: Said): Promise<Heard> => {
      const { connection, 'transfer-encoding': _, 'content-length': __, ...others } = headers;
      const answer = await request(real + path, {
        method: method as 'GET',
        headers: { ...others, host: new URL(real).host },
        body: body.byteLength > 0 ? body : null,
        dispatcher: agent,
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: Buffer.from(await answer.body.arrayBuffer()),
      };
    };
    const server = createServer((incoming, outgoing) => {
      said(incoming)
        .then((one) => middle.meddle(one, pass))
        .then(({ status, headers, body }) => {
          const { connection, 'keep-alive': _, 'transfer-encoding': __, ...others } = headers;
          outgoing.writeHead(status, { ...others, 'content-length': body.byteLength }).end(body);
        })
        // The real host is not up yet, or went away.
        .catch(() => outgoing.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const middle = new ManInTheMiddle(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await agent.destroy();
    });
    return middle;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

async function said(incoming: IncomingMessage): Promise<Said> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { method = 'GET', url = '/', headers } = incoming;
  return { method, path: url, headers, body: Buffer.concat(chunks) };
}
