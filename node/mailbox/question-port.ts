// The far end of the link to a worker: every question is answered by the function of its kind, each as soon as it can be. And the other way
// round: what a worker asks of the main thread.
import type { MessagePort } from 'node:worker_threads';
import { type ErrorCode, MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import { afterMs } from '../../mesh/time/deadline.ts';
import type { Answered, Answers, Asks, Failure, MainQuestions, MainWord, Question, WorkerWord } from './questions.ts';

/** The question after which a worker ends. */
export const CLOSE = 'close';
/** Milliseconds for one answer of the main thread; longer than it asks other hosts. */
export const MAIN_ANSWER_MS_MAX = 3_000;

/** Says that the worker can be asked, and answers until it is told to close; then `close` ends what it holds, at once or in a while. */
export function answerQuestions<Questions>(
  port: MessagePort,
  answers: Answers<Questions>,
  close: () => void | Promise<void>,
): void {
  const say = (word: WorkerWord) => port.postMessage(word);
  port.on('message', (word: MainWord) => {
    if ('answered' in word) return;
    if (word.kind === CLOSE) void (async () => close())().finally(() => port.close());
    else void answerTo(word, answers).then(say);
  });
  say({ opened: true });
}

/** Never rejects: what goes wrong is the answer. */
export async function answerTo<Questions>(
  { id, kind, input }: Question,
  answers: Partial<Answers<Questions>>,
): Promise<Answered> {
  const work = (answers as Readonly<Record<string, (input: unknown) => unknown>>)[kind];
  try {
    if (work === undefined) throw new Error(`'${kind}' is asked in the mailbox, which nobody there knows.`);
    return { id, answer: await work(input) };
  } catch (error) {
    return { id, failure: failureFrom(error as Error) };
  }
}

/** An error, as it crosses to another thread. */
export function failureFrom(error: Error): Failure {
  const { message, stack } = error;
  return error instanceof MeshError ? { code: error.code, message } : { code: undefined, message: stack ?? message };
}

/** The error that a failure was before it crossed. */
export function failureOf({ code, message }: Failure): Error {
  return code === undefined ? new Error(`The mailbox failed: ${message}`) : new MeshError(code as ErrorCode, message);
}

/** Asks the main thread. How many ask at once is bounded by the listeners' connections, each of which waits for its answer. */
export class MainLink implements Asks<MainQuestions> {
  readonly #port: MessagePort;
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  constructor(port: MessagePort, clock: Pick<Clock, 'sleep'>) {
    this.#port = port;
    this.#clock = clock;
    port.on('message', (word: MainWord) => {
      if ('answered' in word) this.#hear(word.answered);
    });
  }

  /** Rejects with `overloaded` when there is no answer within `MAIN_ANSWER_MS_MAX`, and with what the main thread refuses. */
  ask: Asks<MainQuestions>['ask'] = async (kind, input) => {
    this.#lastId += 1;
    const asked: Question = { id: this.#lastId, kind, input };
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(asked.id, waiting);
    this.#port.postMessage({ asked } satisfies WorkerWord);
    const answered = afterMs(this.#clock, MAIN_ANSWER_MS_MAX, () => {
      const message = `The node has not answered its mailbox within ${MAIN_ANSWER_MS_MAX / 1_000} s.`;
      waiting.reject(new MeshError('overloaded', message, { retryAfterSeconds: 1 }));
    });
    try {
      return (await waiting.promise) as never;
    } finally {
      answered();
      this.#waiting.delete(asked.id);
    }
  };

  #hear(answered: Answered): void {
    const waiting = this.#waiting.get(answered.id);
    if ('answer' in answered) waiting?.resolve(answered.answer);
    else waiting?.reject(failureOf(answered.failure));
  }
}
