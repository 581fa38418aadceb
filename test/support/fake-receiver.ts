// A receiver behind the Sender port: it answers as the test says, and remembers every request with its moment.
import type { Clock } from '../../mesh/ports.ts';
import type { Outcome } from '../../node/webhooks/schedule/outcome.ts';
import type { Post, Sender } from '../../node/webhooks/sender/sender.ts';

export interface Received {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body's text, exactly. */
  readonly text: string;
  readonly id: string;
  readonly agentId: string;
  /** Place among the agent's events. */
  readonly sequence: number;
  readonly attempt: number;
  readonly atMs: number;
}

/** A status, a status with `Retry-After`, a failure of the network, or silence until cut off. */
export type Reply = number | { readonly status: number; readonly retryAfter: string } | 'unreachable' | 'silence';

/** Far more than any test sends at one moment. Whoever sends more tries again without a wait, and would never let time go on. */
const POSTS_PER_MOMENT_MAX = 10_000;

export class FakeReceiver implements Sender {
  readonly received: Received[] = [];
  /** Those answered with 2xx. */
  readonly accepted: Received[] = [];
  inFlight = 0;
  inFlightMost = 0;
  /** How it answers; may take its time. */
  reply: (received: Received) => Reply | Promise<Reply> = () => 204;
  readonly #clock: Clock;
  #momentMs = 0;
  #postsOfMoment = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async post({ url, headers, body }: Post, signal: AbortSignal): Promise<Outcome> {
    const startedMs = this.#clock.monotonicMs();
    const text = new TextDecoder().decode(body);
    const { id, agent = { id: '' }, sequence } = JSON.parse(text);
    const attempt = Number(headers['X-Webhook-Attempt']);
    const received = { url, headers, text, id, agentId: agent.id, sequence, attempt, atMs: this.#clock.wallMs() };
    this.received.push(received);
    this.inFlight += 1;
    this.inFlightMost = Math.max(this.inFlightMost, this.inFlight);
    const cut = Promise.withResolvers<'cut off'>();
    const cutOff = () => cut.resolve('cut off');
    if (signal.aborted) cutOff();
    signal.addEventListener('abort', cutOff);
    try {
      let reply = await Promise.race([this.#isFlooded() ? 'silence' : this.reply(received), cut.promise]);
      if (reply === 'silence') reply = await cut.promise;
      const tookMs = this.#clock.monotonicMs() - startedMs;
      if (reply === 'cut off') return { kind: 'failed', error: 'cut_off', message: 'Cut off.', tookMs };
      if (reply === 'unreachable') return { kind: 'failed', error: 'connect_failed', message: 'Refused.', tookMs };
      const { status, retryAfter } = typeof reply === 'number' ? { status: reply, retryAfter: undefined } : reply;
      if (status >= 200 && status <= 299) this.accepted.push(received);
      return { kind: 'answered', status, retryAfter, tookMs };
    } finally {
      this.inFlight -= 1;
      signal.removeEventListener('abort', cutOff);
    }
  }

  /** It is silent for as long as it is flooded, so that time goes on and the test can see what came. */
  #isFlooded(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#postsOfMoment = nowMs === this.#momentMs ? this.#postsOfMoment + 1 : 1;
    this.#momentMs = nowMs;
    return this.#postsOfMoment > POSTS_PER_MOMENT_MAX;
  }

  /** `sequence`s of one agent, in the order they were accepted. */
  acceptedOf(agentId: string): readonly number[] {
    return this.accepted.filter((one) => one.agentId === agentId).map((one) => one.sequence);
  }
}
