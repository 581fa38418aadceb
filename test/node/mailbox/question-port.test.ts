import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAIN_ANSWER_MS_MAX, MainLink } from '../../../node/mailbox/question-port.ts';
import type { WorkerWord } from '../../../node/mailbox/questions.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const QUESTION = { addresses: ['a@x.com'], isServed: true };

let clock: VirtualClock;
let main: MessagePort;
let worker: MessagePort;
let link: MainLink;

beforeEach(() => {
  clock = new VirtualClock();
  const { port1, port2 } = new MessageChannel();
  [main, worker] = [port1, port2];
  link = new MainLink(worker, clock);
});

afterEach(() => main.close());

describe('a worker that asks the main thread', () => {
  it('hears the answer, or the refusal, of each question', async () => {
    main.on('message', (word: WorkerWord) => {
      if (!('asked' in word)) return;
      const { id } = word.asked;
      if (id === 2) main.postMessage({ answered: { id, failure: { code: 'store_failed', message: 'It broke.' } } });
      else main.postMessage({ answered: { id, answer: { kind: 'held' } } });
    });
    const asked = [link.ask('standing', QUESTION), link.ask('standing', QUESTION), link.ask('standing', QUESTION)];
    expect(await Promise.allSettled(asked)).toMatchObject([
      { value: { kind: 'held' } },
      { reason: { code: 'store_failed', message: 'It broke.' } },
      { value: { kind: 'held' } },
    ]);
  });

  it('waits only so long for an answer', async () => {
    const refused = expect(link.ask('standing', QUESTION)).rejects.toMatchObject({ code: 'overloaded' });
    await clock.advance(MAIN_ANSWER_MS_MAX);
    await refused;
  });
});
