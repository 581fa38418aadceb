// Receivers of webhooks in a process of their own, as gateways are: each verifies every delivery by Standard Webhooks 1.0.0, with
// node:crypto alone, and says when it had how many.
import { fork } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const KEY = Buffer.from(SECRET.slice('whsec_'.length), 'base64');

/** How a receiver answers: `well` after it verified, `hangs` never, `fails` with 500. */
export type Manner = 'well' | 'hangs' | 'fails';

interface Receipts {
  /** When each receiver that is well had so many, milliseconds since 1970. */
  readonly reachedMs: readonly number[];
  /** `webhook-id` and moment of each receipt of the first receiver. */
  readonly receipts: readonly (readonly [id: string, atMs: number])[];
}

export interface Receivers extends AsyncDisposable {
  readonly urls: readonly string[];
  /** From now on: how each answers, nothing received yet. Resolves once all that are well have received so many. */
  expect(count: number, manners: readonly Manner[]): Promise<Receipts>;
}

/** Milliseconds since 1970, as finely as the machine tells; the same in every process of it. */
export function preciseMs(): number {
  return performance.timeOrigin + performance.now();
}

export async function startReceivers(count: number): Promise<Receivers> {
  const child = fork(fileURLToPath(import.meta.url), [String(count)]);
  const [urls] = (await once(child, 'message')) as [readonly string[]];
  return {
    urls,
    expect: async (expected, manners) => {
      const reached = once(child, 'message');
      child.send({ expected, manners });
      const [receipts] = (await reached) as [Receipts];
      return receipts;
    },
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function serveReceivers(count: number): Promise<void> {
  let expected = Number.POSITIVE_INFINITY;
  let manners: readonly Manner[] = [];
  let received: Set<string>[] = [];
  let reachedMs: number[] = [];
  let receipts: [string, number][] = [];

  const take = (at: number, id: string) => {
    const mine = received[at];
    if (mine === undefined || mine.has(id)) return;
    mine.add(id);
    if (at === 0) receipts.push([id, preciseMs()]);
    if (mine.size !== expected) return;
    reachedMs[at] = preciseMs();
    const isReached = manners.every((manner, place) => manner !== 'well' || reachedMs[place] !== undefined);
    if (isReached) process.send?.({ reachedMs: reachedMs.filter((ms) => ms !== undefined), receipts });
  };
  process.on('message', (asked: { expected: number; manners: readonly Manner[] }) => {
    ({ expected, manners } = asked);
    received = manners.map(() => new Set());
    reachedMs = [];
    receipts = [];
  });
  const urls: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const manner = manners[at] ?? 'well';
      if (manner === 'hangs') return;
      const isGenuine = verifies(request, Buffer.concat(chunks));
      if (manner === 'well' && isGenuine) take(at, String(request.headers['webhook-id']));
      response.writeHead(manner === 'fails' ? 500 : isGenuine ? 204 : 401).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`);
  }
  process.send?.(urls);
}

function verifies({ headers }: IncomingMessage, body: Buffer): boolean {
  const signed = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), body]);
  const expected = Buffer.from(`v1,${createHmac('sha256', KEY).update(signed).digest('base64')}`);
  const given = Buffer.from(String(headers['webhook-signature']));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] !== undefined)
  await serveReceivers(Number(process.argv[2]));
