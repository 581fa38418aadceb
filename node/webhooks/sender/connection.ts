// One HTTP/1.1 connection to a receiver: one POST at a time, and never a second one before the answer to the first has come whole. Node's own
// client does the same and takes more CPU for it (scripts/bench/README.md); undici's takes an unasked 100 (RFC 9110 §15.2) for the end of the connection.
import type { Socket } from 'node:net';
import { AnswerError, AnswerReader } from './answer-reader.ts';

export interface Answer {
  readonly status: number;
  /** The header as it came. */
  readonly retryAfter: string | undefined;
}

export interface Asking {
  /** The status is known, and the body has not ended with it: called once, at most. */
  readonly draining: () => void;
}

interface Exchange extends Asking {
  readonly reader: AnswerReader;
  readonly answered: (answer: Answer) => void;
  readonly failed: (error: Error) => void;
  isDraining: boolean;
}

export class Connection {
  readonly #socket: Socket;
  readonly #closed: () => void;
  #exchange: Exchange | undefined;
  #keptMs = 0;
  #isOpen = true;
  #hasAnswered = false;

  /** `socket`: connected. `closed`: called once, when the connection can serve nobody any more. */
  constructor(socket: Socket, closed: () => void) {
    this.#socket = socket;
    this.#closed = closed;
    socket.on('data', (octets) => this.#received(octets));
    socket.on('error', (error) => this.#end(error));
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  /** For how long, in milliseconds, the connection may idle now until the next request: 0 when it can't serve again. */
  get keptMs(): number {
    return this.#isOpen ? this.#keptMs : 0;
  }

  /** Whether an octet of the answer to the last request has come. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /**
   * Sends a request, whole, and resolves when its answer has come: the body with it, or as much of that as is read. Rejects when the
   * connection ends before the status is known, with an `AnswerError` when what came is no answer.
   */
  ask(request: Uint8Array, asking: Asking): Promise<Answer> {
    this.#hasAnswered = false;
    return new Promise((answered, failed) => {
      this.#exchange = { ...asking, reader: new AnswerReader(), answered, failed, isDraining: false };
      this.#socket.write(request);
    });
  }

  /** Closes the connection. A request in flight ends by it: well, when its status is known. */
  close(reason: Error): void {
    this.#end(reason);
  }

  #received(octets: Buffer): void {
    const exchange = this.#exchange;
    // Whoever speaks unasked is not understood any more.
    if (exchange === undefined) this.#end();
    else this.#hear(exchange, octets);
  }

  #hear(exchange: Exchange, octets: Buffer): void {
    const { reader } = exchange;
    this.#hasAnswered = true;
    try {
      reader.read(octets);
    } catch (error) {
      this.#end(error as Error);
      return;
    }
    if (reader.isOver) this.#finish(exchange, reader.keptMs);
    else if (reader.head !== undefined && !exchange.isDraining) {
      exchange.isDraining = true;
      exchange.draining();
    }
  }

  #finish(exchange: Exchange, keptMs: number): void {
    this.#exchange = undefined;
    this.#keptMs = keptMs;
    if (keptMs === 0) this.#end();
    if (exchange.reader.head !== undefined) exchange.answered(exchange.reader.head);
  }

  #end(error?: Error): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#socket.destroy();
      this.#closed();
    }
    if (exchange === undefined) return;
    // The status line decides; how the body ended is of no interest.
    if (exchange.reader.head !== undefined) exchange.answered(exchange.reader.head);
    else exchange.failed(error ?? new AnswerError('connection_lost', 'The receiver closed the connection unanswered.'));
  }
}
