import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { askOverKept, KEPT_ANSWER_MS_MAX } from '../../../../node/peers/connections/kept-connection.ts';
import { OWN_QUESTION_MS_MAX } from '../../../../node/peers/heartbeat/heartbeat-times.ts';
import { GREETING_IDLE_MS_MAX } from '../../../../node/peers/peer-transport.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const broken = new MeshError('peer_silent', 'It reset the connection.');

let clock: VirtualClock;
let deadline: AbortController;
let done: string[];
let questions: (PromiseWithResolvers<string> & { readonly signal: AbortSignal })[];

beforeEach(() => {
  [clock, deadline, done, questions] = [new VirtualClock(), new AbortController(), [], []];
});
afterEach(() => expect(clock.sleepers).toBe(0));

function asking(): Promise<string> {
  const ask = (signal: AbortSignal) => {
    const question = { ...Promise.withResolvers<string>(), signal };
    signal.addEventListener('abort', () => question.reject(signal.reason));
    questions.push(question);
    done.push('asked');
    return question.promise;
  };
  return askOverKept({ clock, ask, renew: () => done.push('renewed') }, deadline.signal);
}

const TWICE = ['asked', 'renewed', 'asked'];

describe('a question over a connection that was kept', () => {
  it('is asked once when it is answered in time', async () => {
    const answer = asking();
    await clock.advance(KEPT_ANSWER_MS_MAX - 1);
    questions[0]?.resolve('kept');
    expect([await answer, done]).toEqual(['kept', ['asked']]);
  });

  it('is asked over a new one at once when the connection breaks', async () => {
    const answer = asking();
    questions[0]?.reject(broken);
    await clock.settle();
    expect(done).toEqual(TWICE);
    questions[1]?.resolve('new');
    expect(await answer).toBe('new');
  });

  it.each([
    [0, 'kept'],
    [1, 'new'],
  ])(
    'is asked over a new one too when no answer comes, and the first answer counts: of question %i',
    async (at, text) => {
      const answer = asking();
      await clock.advance(KEPT_ANSWER_MS_MAX);
      expect(done).toEqual(TWICE);
      questions[at]?.resolve(text);
      expect(await answer).toBe(text);
      expect(questions[1 - at]?.signal.aborted).toBe(true);
    },
  );

  it('fails as it does over the new connection', async () => {
    const answer = asking();
    await clock.advance(KEPT_ANSWER_MS_MAX);
    const refused = new MeshError('peer_silent', 'Nobody listens.');
    questions[1]?.reject(refused);
    questions[0]?.reject(broken);
    await expect(answer).rejects.toBe(refused);
  });

  it('is not asked again when what came says more than silence', async () => {
    const answer = asking();
    const untrusted = new MeshError('peer_untrusted', 'It is not signed.');
    questions[0]?.reject(untrusted);
    await expect(answer).rejects.toBe(untrusted);
    expect(done).toEqual(['asked']);
  });

  it('is given up at its deadline, both times', async () => {
    const answer = asking();
    await clock.advance(KEPT_ANSWER_MS_MAX);
    const late = new Error('late');
    deadline.abort(late);
    await expect(answer).rejects.toBe(late);
    expect(questions.map(({ signal }) => signal.reason)).toEqual([late, late]);
  });

  it('goes over one that is kept longer than two hosts are apart', () => {
    expect(GREETING_IDLE_MS_MAX).toBeGreaterThan(OWN_QUESTION_MS_MAX);
  });
});
