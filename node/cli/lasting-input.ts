// Standard input whose end is passed on only when the calls in hand have been answered. A client may write its calls and close the
// pipe at once (`printf … | mesh mcp`): its mail is sent, and it must hear what became of it.
import { Transform } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';
import type { Clock } from '../../mesh/ports.ts';
import { withinMs } from '../../mesh/time/deadline.ts';

export class LastingInput extends Transform {
  readonly #inHand = new Set<unknown>();
  readonly #answersMsMax: number;
  readonly #clock: Pick<Clock, 'sleep'>;
  #answered = Promise.withResolvers<void>();

  /** `answersMsMax`: how long the end waits at most. */
  constructor(answersMsMax: number, clock: Pick<Clock, 'sleep'>) {
    super({ transform: (chunk, _, done) => done(null, chunk) });
    this.#answersMsMax = answersMsMax;
    this.#clock = clock;
  }

  /** Notices which requests come in by a connected transport, and which answers go out. */
  watch(transport: Transport): void {
    const { onmessage } = transport;
    const send = transport.send.bind(transport);
    transport.onmessage = (message, extra) => {
      this.#received(message);
      onmessage?.(message, extra);
    };
    transport.send = async (message, options) => {
      await send(message, options);
      if (!('method' in message)) this.#settle(message.id);
    };
  }

  override async _flush(done: () => void): Promise<void> {
    // The transport may not have read the last line yet.
    await nextTurn();
    if (this.#inHand.size > 0) await withinMs(this.#clock, this.#answersMsMax, this.#answered.promise, undefined);
    done();
  }

  #received(message: JSONRPCMessage): void {
    if (!('method' in message)) return;
    if ('id' in message) this.#inHand.add(message.id);
    // A request that its client cancels gets no answer.
    else if (message.method === 'notifications/cancelled') this.#settle(message.params?.requestId);
  }

  #settle(id: unknown): void {
    if (this.#inHand.delete(id) && this.#inHand.size === 0) {
      this.#answered.resolve();
      this.#answered = Promise.withResolvers();
    }
  }
}
