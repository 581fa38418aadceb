// Who waits for mail that comes in: its senders for their 250, at all the speed that the node has; who claims an address meanwhile; and who
// listens at a WebSocket, after the 250 of a mail that comes alone.
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type Figure, median, quantile } from './figure.ts';
import { MailLine, ReceivingNode } from './receiving-node.ts';

const CONNECTIONS = 10;
const CLAIMS = 100;
/** Milliseconds of each round: several moments at which the database is written through. */
const FLOOD_MS = 8_000;
/** Mails of each round that come alone, and what is between them. */
const LONE_MAILS = 300;
const LONE_MS = 10;
const PING_EACH = 10;

const ANSWERED = `from the end of a mail to its 250, ${CONNECTIONS} connections, p99`;
const CLAIMED = 'a claim meanwhile, p50';
const framed = (quantileName: string) => `from a mail's 250 to its WebSocket frame, ${quantileName}`;
export const WAIT_FIGURES = [ANSWERED, CLAIMED, framed('p50'), framed('p99')];

export async function waitFigures(rounds: number): Promise<readonly Figure[]> {
  await using node = await ReceivingNode.start();
  const flood: Flood = { answeredMs: [], claimedMs: [], quietMs: [] };
  const lone: Lone = { framedMs: [], pingedMs: [] };
  for (let round = 0; round <= rounds; round += 1) {
    // The first round warms the node up.
    const isWarm = round > 0;
    await flooded(node, round, isWarm ? flood : { answeredMs: [], claimedMs: [], quietMs: [] });
    await alone(node, round, isWarm ? lone : { framedMs: [], pingedMs: [] });
  }
  return [...floodFigures(flood), ...loneFigures(lone)];
}

/** Milliseconds of each mail from its end to its 250, and of each claim meanwhile and without mail. */
interface Flood {
  readonly answeredMs: number[];
  readonly claimedMs: number[];
  readonly quietMs: number[];
}

async function flooded(node: ReceivingNode, round: number, seen: Flood): Promise<void> {
  for (let claim = 0; claim < CLAIMS; claim += 1) seen.quietMs.push(await node.claim());
  const untilMs = performance.now() + FLOOD_MS;
  const senders = Array.from({ length: CONNECTIONS }, async (_, at) => {
    await using line = await MailLine.open(node.smtp, await node.inbox(`flood-${round}-${at}`));
    for (let mail = 0; performance.now() < untilMs; mail += 1) seen.answeredMs.push(await line.send(`${at}.${mail}`));
  });
  const claimer = async () => {
    while (performance.now() < untilMs) seen.claimedMs.push(await node.claim());
  };
  await Promise.all([...senders, claimer()]);
}

function floodFigures({ answeredMs, claimedMs, quietMs }: Flood): readonly Figure[] {
  const p99 = quantile(answeredMs, 0.99);
  const [busy, quiet] = [median(claimedMs), median(quietMs)];
  return [
    {
      name: ANSWERED,
      value: p99,
      unit: 'ms',
      baseline: { name: 'p50', value: median(answeredMs) },
      target: '≤ 150 ms',
      kept: p99 <= 150,
    },
    {
      name: CLAIMED,
      value: busy,
      unit: 'ms',
      baseline: { name: 'quiet', value: quiet },
      target: '≤ 1.5 ×',
      kept: busy <= 1.5 * quiet,
    },
  ];
}

/** Milliseconds of each mail from its 250 to the frame that tells of it, 0 where the frame was first; and of a ping to its pong. */
interface Lone {
  readonly framedMs: number[];
  readonly pingedMs: number[];
}

async function alone(node: ReceivingNode, round: number, seen: Lone): Promise<void> {
  const inbox = await node.inbox(`lone-${round}`);
  await using listener = await Listener.open(node);
  await using line = await MailLine.open(node.smtp, inbox);
  for (let mail = 0; mail < LONE_MAILS; mail += 1) {
    const framedAtMs = listener.framed(`<${round}.${mail}@y.com>`);
    await line.send(`${round}.${mail}`);
    const answeredAtMs = performance.now();
    seen.framedMs.push(Math.max(0, (await framedAtMs) - answeredAtMs));
    if (mail % PING_EACH === 0) seen.pingedMs.push(await listener.pingedMs());
    await pause(LONE_MS);
  }
}

function loneFigures({ framedMs, pingedMs }: Lone): readonly Figure[] {
  const figure = (name: string, quantileOf: (values: readonly number[]) => number, msMax: number): Figure => ({
    name: framed(name),
    value: quantileOf(framedMs),
    unit: 'ms',
    baseline: { name: 'a ping of the socket and its pong', value: quantileOf(pingedMs) },
    target: `≤ ${msMax} ms`,
    kept: quantileOf(framedMs) <= msMax,
  });
  return [figure('p50', median, 15), figure('p99', (values) => quantile(values, 0.99), 100)];
}

/** A client that is told of every mail. */
class Listener implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, (atMs: number) => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const atMs = performance.now();
      const { message } = JSON.parse(String(data)) as { readonly message?: { readonly message_id: string } };
      if (message !== undefined) this.#waiting.get(message.message_id)?.(atMs);
    });
  }

  static async open({ url, key }: ReceivingNode): Promise<Listener> {
    const headers = { authorization: `Bearer ${key}` };
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v0`, { headers, perMessageDeflate: false });
    const subscribed = Promise.withResolvers<void>();
    socket.once('error', subscribed.reject);
    socket.once('open', () => socket.send(JSON.stringify({ type: 'subscribe' })));
    socket.once('message', () => subscribed.resolve());
    await subscribed.promise;
    return new Listener(socket);
  }

  /** When the frame came that tells of a mail. */
  framed(messageId: string): Promise<number> {
    return new Promise((resolve) => this.#waiting.set(messageId, resolve));
  }

  async pingedMs(): Promise<number> {
    const startedMs = performance.now();
    const pong = new Promise((resolve) => this.#socket.once('pong', resolve));
    this.#socket.ping();
    await pong;
    return performance.now() - startedMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.close();
    await closed;
  }
}
