// A host of the original's kind: it serves the look-up and nothing else between hosts, and whoever claims at it is given the address when
// neither it nor a host that it asks has it: look, then write. Real HTTP on loopback.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export class LegacyHost implements AsyncDisposable {
  readonly id: string;
  readonly url: string;
  readonly #owners = new Map<string, string>();
  readonly #close: () => Promise<void>;
  /** While set, it answers nobody. */
  isSilent = false;

  private constructor(id: string, url: string, close: () => Promise<void>) {
    this.id = id;
    this.url = url;
    this.#close = close;
  }

  static async open(id: string): Promise<LegacyHost> {
    const server = createServer((request, response) => {
      if (host.isSilent) return;
      const { status, body } = host.#answer(request);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = new LegacyHost(id, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    return host;
  }

  /** Without asking anybody, as somebody does who looked before. */
  write(address: string, agentName: string): void {
    this.#owners.set(address, agentName);
  }

  /** Gives the address up. */
  erase(address: string): void {
    this.#owners.delete(address);
  }

  /** Its claim: `peers` are asked first. Resolves with 201 or 409. */
  async claim(address: string, agentName: string, peers: readonly string[]): Promise<number> {
    for (const peer of peers) {
      const url = `${peer}/api/agents/email-index?address=${encodeURIComponent(address)}`;
      const answer = await fetch(url, { headers: { 'X-Federated-Query': 'true' } });
      if (Object.keys((await answer.json()) as object).length > 0) return 409;
    }
    if (this.#owners.has(address)) return 409;
    this.write(address, agentName);
    return 201;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  #answer({ url = '/' }: IncomingMessage): { readonly status: number; readonly body: unknown } {
    const { pathname, searchParams } = new URL(url, this.url);
    if (pathname !== '/api/agents/email-index') return { status: 404, body: { error: 'Not found' } };
    const asked = searchParams.get('address')?.toLowerCase();
    const entries = [...this.#owners]
      .filter(([address]) => asked === undefined || address === asked)
      .map(([address, agentName]) => [
        address,
        { agentId: `id-${agentName}`, agentName, hostId: this.id, hostUrl: this.url, primary: true },
      ]);
    return { status: 200, body: Object.fromEntries(entries) };
  }
}
