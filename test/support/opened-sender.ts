// A sender of webhooks on real sockets, whose time stands still unless a test moves it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGuard, type GuardOptions } from '../../node/webhooks/guard/guard.ts';
import type { Outcome } from '../../node/webhooks/schedule/outcome.ts';
import { createSender } from '../../node/webhooks/sender/http-sender.ts';
import { resolveBySystem } from './system-names.ts';
import { VirtualClock } from './virtual-clock.ts';

export const NEVER = new AbortController().signal;
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

export function openSender(options: Partial<GuardOptions> = {}) {
  const clock = new VirtualClock();
  const given = { clock, resolve: resolveBySystem, allow: [], loopbackAllowed: true, listening: () => [] };
  const guard = createGuard({ ...given, ...options });
  const sender = createSender({ guard, clock });
  const post = (url: string, signal = NEVER) =>
    sender.post({ url, headers: { 'webhook-id': 'msg_1' }, body: new TextEncoder().encode('{"a":1}') }, signal);
  return { clock, sender, post, [Symbol.asyncDispose]: () => sender.close() };
}

/** Waits, in real turns of the event loop and not in time, until something on the other side of a socket is so. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await nextTurn();
}

/** Lets sockets do what they do, and moves time on whenever the sender waits for nothing else. */
export async function pass(clock: VirtualClock, ms: number, outcome: Promise<Outcome>): Promise<Outcome> {
  await clock.advance(ms);
  return outcome;
}
