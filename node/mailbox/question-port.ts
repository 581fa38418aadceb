// The far end of the link to a worker: every question is answered by the function of its kind, each as soon as it can be.
import type { MessagePort } from 'node:worker_threads';
import { MeshError } from '../../mesh/errors.ts';
import type { Answers, Question, WorkerWord } from './questions.ts';

/** The question after which a worker ends. */
export const CLOSE = 'close';

/** Says that the worker can be asked, and answers until it is told to close; then `close` ends what it holds, at once or in a while. */
export function answerQuestions<Questions>(
  port: MessagePort,
  answers: Answers<Questions>,
  close: () => void | Promise<void>,
): void {
  const say = (word: WorkerWord) => port.postMessage(word);
  const table = answers as Readonly<Record<string, (input: unknown) => unknown>>;
  port.on('message', ({ id, kind, input }: Question) => {
    if (kind === CLOSE) {
      void (async () => close())().finally(() => port.close());
      return;
    }
    const work = table[kind];
    if (work === undefined) throw new Error(`A worker of the mailbox is asked '${kind}', which it does not know.`);
    void (async () => {
      try {
        say({ id, answer: await work(input) });
      } catch (error) {
        const { message, stack } = error as Error;
        const code = error instanceof MeshError ? error.code : undefined;
        say({ id, failure: { code, message: code === undefined ? (stack ?? message) : message } });
      }
    })();
  });
  say({ opened: true });
}
