// A webhook receiver as a gateway would write one: it trusts nothing it did not verify. By Standard Webhooks 1.0.0, and by the
// plain HMAC that receivers of the original check; written against node:crypto alone, not against the node's own code.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';

/** A receiver refuses signatures made longer ago than this. */
const AGE_SECONDS_MAX = 300;

export interface ReceivedEvent {
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly id: string;
    readonly event: string;
    readonly sequence: number;
    readonly agent: { readonly id: string; readonly name: string; readonly hostId: string };
    readonly changes: { readonly added: string[]; readonly removed: string[]; readonly current: string[] };
  };
}

export class Receiver implements AsyncDisposable {
  readonly url: string;
  readonly secret: string;
  readonly events: ReceivedEvent[] = [];
  /** What came with a signature that does not fit. */
  readonly refused: string[] = [];
  /** Called before each answer; its result is the status. */
  answer: () => number | Promise<number> = () => 204;
  readonly #server: ReturnType<typeof createServer>;
  readonly #waiting = new Set<() => void>();

  private constructor(server: ReturnType<typeof createServer>, port: number, secret: string) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}/hooks`;
    this.secret = secret;
  }

  /** `port` 0: any free one. */
  static async listen(secret: string, port = 0): Promise<Receiver> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const receiver = new Receiver(server, (server.address() as { port: number }).port, secret);
    server.on('request', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      response.writeHead(await receiver.#take(request.headers, Buffer.concat(chunks))).end();
    });
    return receiver;
  }

  /** Resolves once `holds` is true of the events received; rejects after `msMax`. */
  async until(holds: (events: readonly ReceivedEvent[]) => boolean, msMax = 60_000): Promise<void> {
    let giveUp: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const bodies = () => JSON.stringify(this.events.map(({ body }) => body));
      giveUp = setTimeout(
        () => reject(new Error(`The receiver waited ${msMax} ms in vain; it has ${bodies()}.`)),
        msMax,
      );
    });
    while (!holds(this.events)) await Promise.race([late, new Promise<void>((resolve) => this.#waiting.add(resolve))]);
    clearTimeout(giveUp);
  }

  async #take(headers: IncomingHttpHeaders, body: Buffer): Promise<number> {
    const status = await this.answer();
    if (status >= 300) return status;
    const fault = faultOf(headers, body, this.secret);
    if (fault === undefined)
      this.events.push({ headers, body: JSON.parse(body.toString('utf8')) as ReceivedEvent['body'] });
    else this.refused.push(fault);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    return fault === undefined ? status : 401;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function faultOf(headers: IncomingHttpHeaders, body: Buffer, secret: string): string | undefined {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    String(headers[name]),
  );
  if (Math.abs(Date.now() / 1_000 - Number(timestamp)) > AGE_SECONDS_MAX)
    return `its timestamp ${timestamp} is too far from now`;
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const key = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret, 'utf8');
  const expected = createHmac('sha256', key).update(signed).digest('base64');
  if (!signatures?.split(' ').some((one) => equals(one, `v1,${expected}`))) return 'no v1 signature fits';
  const plain = createHmac('sha256', secret).update(body).digest('hex');
  return equals(String(headers['x-webhook-signature']), plain) ? undefined : 'X-Webhook-Signature does not fit';
}

function equals(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
