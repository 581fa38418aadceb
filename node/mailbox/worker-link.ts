// The near end of the link to a worker of the mailbox. A worker that ends unasked is started again after a while, which doubles up to a
// minute; meanwhile every question is refused at once, and the rest of the node knows nothing of it.
import type { Worker } from 'node:worker_threads';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import { afterMs } from '../../mesh/time/deadline.ts';
import type { Log } from '../log.ts';
import { answerTo, CLOSE, failureOf } from './question-port.ts';
import type { Answered, Answers, Asks, Failure, MainQuestions, MainWord, Question, WorkerWord } from './questions.ts';

/** Milliseconds for one answer of a worker: clients of `/v0` give up after a minute. */
const ANSWER_MS_MAX = 10_000;
/** Milliseconds that a worker has to end what it is at. */
const CLOSE_MS_MAX = 5_000;
/** Questions that wait for a worker: it answers some thousands a second. */
const QUESTIONS_MAX = 1_000;
/** Milliseconds before a worker that has ended is started again; doubled each time. */
const RESTART_MS_MIN = 1_000;
const RESTART_MS_MAX = 60_000;

export interface WorkerLinkOptions {
  /** The worker's name in the log. */
  readonly name: string;
  readonly start: () => Worker;
  /** What the worker may ask. */
  readonly answers: Partial<Answers<MainQuestions>>;
  /** Called when the worker has told something, also while it was not heard. */
  readonly told?: () => void;
  /** Told of inboxes in which a worker may find mail now. */
  readonly freed?: (inboxIds: readonly string[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

interface Running {
  readonly worker: Worker;
  readonly exited: Promise<void>;
}

export class WorkerLink<Questions> implements Asks<Questions> {
  readonly #options: WorkerLinkOptions;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #closing = new AbortController();
  /** Resolves when the first worker can be asked, or has failed to begin. Rejects with why it can't be begun as things are set. */
  readonly settled: Promise<void>;
  readonly #settling = Promise.withResolvers<void>();
  #running: Running | undefined;
  #isSettled = false;
  #lastId = 0;
  #restartMs = RESTART_MS_MIN;

  /** Starts the worker. */
  constructor(options: WorkerLinkOptions) {
    this.#options = options;
    this.settled = this.#settling.promise;
    this.#running = this.#start();
  }

  /** Rejects with `overloaded` when the worker is not there or too much waits, with `store_failed` and what else the worker refuses. */
  ask: Asks<Questions>['ask'] = async (kind, input, answerMsMax = ANSWER_MS_MAX) => {
    const { clock, name } = this.#options;
    const running = this.#running;
    if (running === undefined) throw unavailable('The mailbox is out of order; its log says why.');
    if (this.#waiting.size >= QUESTIONS_MAX) throw unavailable('The mailbox has too much to do.');
    this.#lastId += 1;
    const question: Question = { id: this.#lastId, kind, input };
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(question.id, waiting);
    running.worker.postMessage(question);
    const answered = afterMs(clock, answerMsMax, () => {
      waiting.reject(unavailable(`The mailbox's ${name} has not answered within ${answerMsMax / 1_000} s.`));
    });
    try {
      return (await waiting.promise) as never;
    } finally {
      answered();
      this.#waiting.delete(question.id);
    }
  };

  /** Lets the worker end what it is at, bounded; nothing is asked afterwards. */
  async close(): Promise<void> {
    this.#closing.abort();
    const running = this.#running;
    if (running === undefined) return;
    running.worker.postMessage({ id: 0, kind: CLOSE, input: null } satisfies Question);
    const ended = new AbortController();
    void this.#options.clock.sleep(CLOSE_MS_MAX, ended.signal).then(() => running.worker.terminate());
    await running.exited;
    ended.abort();
  }

  #start(): Running {
    const { name, start, log } = this.#options;
    const worker = start();
    const exited = Promise.withResolvers<void>();
    let cause: Error | undefined;
    worker.on('message', (word: WorkerWord) => {
      if ('refused' in word) cause = this.#refused(word.refused);
      else this.#hear(word, worker);
    });
    worker.on('error', (error: Error) => {
      cause = error;
    });
    worker.on('exit', (code) => {
      this.#running = undefined;
      const gone = unavailable(`The mailbox's ${name} ended while it was asked.`);
      for (const waiting of this.#waiting.values()) waiting.reject(gone);
      exited.resolve();
      this.#settle();
      if (this.#closing.signal.aborted) return;
      log.error('mailbox.worker_ended', {
        ...{ worker: name, code, error: cause?.message, stack: cause?.stack },
        restartInMs: this.#restartMs,
      });
      void this.#restart();
    });
    return { worker, exited: exited.promise };
  }

  async #restart(): Promise<void> {
    const waitMs = this.#restartMs;
    this.#restartMs = Math.min(2 * waitMs, RESTART_MS_MAX);
    await this.#options.clock.sleep(waitMs, this.#closing.signal);
    if (!this.#closing.signal.aborted) this.#running = this.#start();
  }

  #settle(): void {
    this.#isSettled = true;
    this.#settling.resolve();
  }

  /** What the settings make impossible is an operator's to change at the start; later, the others of the node go on without it. */
  #refused(failure: Failure): Error {
    const refusal = failureOf(failure);
    if (this.#isSettled) return refusal;
    this.#closing.abort();
    this.#settling.reject(refusal);
    return refusal;
  }

  #hear(word: Exclude<WorkerWord, { readonly refused: Failure }>, from: Worker): void {
    if ('noted' in word) this.#options.log.warn(word.noted, word.fields);
    else if ('asked' in word) void this.#answer(word.asked, from);
    else if ('told' in word) this.#options.told?.();
    else if ('freed' in word) this.#options.freed?.(word.freed);
    else if ('opened' in word) {
      this.#restartMs = RESTART_MS_MIN;
      this.#settle();
      this.#options.told?.();
    } else this.#answered(word);
  }

  async #answer(asked: Question, from: Worker): Promise<void> {
    const answered = await answerTo(asked, this.#options.answers);
    from.postMessage({ answered } satisfies MainWord);
  }

  #answered(word: Answered): void {
    const waiting = this.#waiting.get(word.id);
    if ('answer' in word) waiting?.resolve(word.answer);
    else waiting?.reject(failureOf(word.failure));
  }
}

function unavailable(message: string): MeshError {
  return new MeshError('overloaded', message, { retryAfterSeconds: 1 });
}
