// A receiver of webhooks on loopback, which keeps what it was sent.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface HookRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HookReceiver extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly HookRequest[];
}

/** Answers with the statuses in turn, the last of them for good. */
export async function receiver(...statuses: readonly number[]): Promise<HookReceiver> {
  const requests: HookRequest[] = [];
  const server = createServer(async (request, response) => {
    requests.push({ headers: request.headers, body: await text(request) });
    response.writeHead(statuses[requests.length - 1] ?? statuses.at(-1) ?? 204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    requests,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
