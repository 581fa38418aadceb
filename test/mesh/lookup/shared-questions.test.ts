// The federated question when many ask: what is shared, what is refused, and what waits.
import { describe, expect, it } from 'vitest';
import { ANSWER_MS_MAX } from '../../../mesh/limits.ts';
import { SHARED_QUESTION_MS_MAX } from '../../../mesh/lookup/fan-out.ts';
import type { Question } from '../../../mesh/lookup/index-entry.ts';
import { QUESTIONS_IN_HAND_MAX, QUESTIONS_OF_CLIENT_MAX } from '../../../mesh/lookup/question-room.ts';
import type { AgentId } from '../../../mesh/names.ts';
import { addressOf } from '../../support/agent-of.ts';
import { ABOUT_TITANIA, atCloud, meshOf, within } from '../../support/asking-mesh.ts';
import { never, type PeerScript, says } from '../../support/scripted-peers.ts';

describe('the same question asked by many at once', () => {
  it('is put once to each peer, and everybody has the answer', async () => {
    const { clock, lookUp, transport } = meshOf({ cloud: says(atCloud), pi: says({}) });
    const answers = Promise.all(Array.from({ length: 500 }, () => lookUp(ABOUT_TITANIA)));
    const heard = await within(clock, 0, answers);
    expect(transport.asked).toHaveLength(2);
    expect(new Set(heard).size).toBe(1);
    expect(heard[0]?.emails.size).toBe(1);
  });

  it('is not shared with another question', async () => {
    const { clock, lookUp, transport } = meshOf({ cloud: says({}), pi: says({}) });
    const agentId = 'id-1' as AgentId;
    const questions: Question[] = [{}, ABOUT_TITANIA, { agentId }, { ...ABOUT_TITANIA, agentId }];
    await within(clock, 0, Promise.all(questions.map((question) => lookUp(question))));
    expect(new Set(transport.asked.map((request) => request.path)).size).toBe(4);
  });

  it('is put again once the first asking is old news', async () => {
    const { clock, lookUp, transport } = meshOf({ cloud: says({}), pi: never });
    const early = lookUp(ABOUT_TITANIA);
    await clock.advance(SHARED_QUESTION_MS_MAX);
    const joined = lookUp(ABOUT_TITANIA);
    await clock.advance(1);
    const late = lookUp(ABOUT_TITANIA);
    await clock.advance(0);
    expect(transport.asked).toHaveLength(4);
    const [first, second, third] = await within(clock, ANSWER_MS_MAX * 2, Promise.all([early, joined, late]));
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it('is put again when it was answered', async () => {
    const { clock, lookUp, transport } = meshOf({ cloud: says({}), pi: says({}) });
    await within(clock, 0, lookUp(ABOUT_TITANIA));
    await within(clock, 0, lookUp(ABOUT_TITANIA));
    expect(transport.asked).toHaveLength(4);
  });

  it('goes on when one of them leaves', async () => {
    const { clock, lookUp, transport } = meshOf({
      cloud: says(atCloud),
      pi: () => clock.sleep(50).then(() => ({ status: 200, body: {} })),
    });
    const leaver = new AbortController();
    const left = lookUp(ABOUT_TITANIA, leaver.signal);
    const stayed = lookUp(ABOUT_TITANIA, new AbortController().signal);
    const refusal = expect(left).rejects.toThrow('gone');
    await clock.settle();
    leaver.abort(new Error('gone'));
    await refusal;
    expect(transport.signals.some((signal) => signal?.aborted)).toBe(false);
    const answer = await within(clock, 50, stayed);
    expect(answer.meta.hostsFailed).toEqual([]);
  });

  it('ends at the peers when the last one leaves, and nobody joins what was given up', async () => {
    const { clock, lookUp, transport } = meshOf({
      cloud: says(atCloud),
      pi: (_, signal) => clock.sleep(50, signal).then(() => ({ status: 200, body: {} })),
    });
    const leaver = new AbortController();
    const both = [lookUp(ABOUT_TITANIA, leaver.signal), lookUp(ABOUT_TITANIA, leaver.signal)];
    const refusals = Promise.all(both.map((asker) => expect(asker).rejects.toThrow('gone')));
    await clock.settle();
    leaver.abort(new Error('gone'));
    const next = lookUp(ABOUT_TITANIA);
    await refusals;
    expect(transport.signals.slice(0, 2).every((signal) => signal?.aborted)).toBe(true);
    const answer = await within(clock, 50, next);
    expect(answer.meta.hostsFailed).toEqual([]);
  });

  it('is not put at all for an asker who has already left', async () => {
    const { lookUp, transport } = meshOf({});
    await expect(lookUp(ABOUT_TITANIA, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(transport.asked).toEqual([]);
  });
});

describe('too many questions at once', () => {
  const about = (n: number): Question => ({ address: addressOf(`a${n}@x.com`) });

  it('of one client are refused, and there is room again when the first have ended', async () => {
    const { clock, lookUp } = meshOf({});
    const ask = (n: number, client: string) => lookUp(about(n), undefined, client);
    const taken = Array.from({ length: QUESTIONS_OF_CLIENT_MAX }, (_, n) => ask(n, 'one'));
    const refusal = { code: 'rate_limited', retryAfterSeconds: 1 };
    await expect(ask(QUESTIONS_OF_CLIENT_MAX, 'one')).rejects.toMatchObject(refusal);
    // What is under way already may be joined, and others have their own room.
    const more = [ask(0, 'one'), ask(1_000, 'other')];
    await within(clock, ANSWER_MS_MAX, Promise.all([...taken, ...more]));
    const { meta } = await within(clock, ANSWER_MS_MAX, ask(0, 'one'));
    expect(meta.hostsFailed).toEqual(['cloud', 'pi']);
  });

  it('of all clients together are refused', async () => {
    const { clock, lookUp } = meshOf({});
    const ask = (n: number) => lookUp(about(n), undefined, `client ${n % 50}`);
    const taken = Array.from({ length: QUESTIONS_IN_HAND_MAX }, (_, n) => ask(n));
    await expect(ask(QUESTIONS_IN_HAND_MAX)).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 1 });
    await within(clock, ANSWER_MS_MAX, Promise.all(taken));
  });
});

describe('questions for everything', () => {
  it('are under way one at a time; who asks meanwhile shares the next', async () => {
    let under = 0;
    let most = 0;
    const slow: PeerScript = async () => {
      under += 1;
      most = Math.max(most, under);
      await clock.sleep(1_000);
      under -= 1;
      return { status: 200, body: atCloud };
    };
    const { clock, lookUp, transport } = meshOf({ cloud: slow, pi: says({}) });
    const askers = [lookUp({})];
    for (let n = 0; n < 6; n += 1) {
      await clock.advance(SHARED_QUESTION_MS_MAX + 1);
      askers.push(lookUp({}));
    }
    const answers = await within(clock, 3_000, Promise.all(askers));
    expect(answers.map(({ emails }) => emails.size)).toEqual(Array(7).fill(1));
    expect(most).toBe(1);
    expect(transport.asked.filter(({ to }) => to === 'cloud')).toHaveLength(2);
  });

  it('begin at least half a second apart, however fast the peers answer', async () => {
    const { clock, lookUp, transport } = meshOf({ cloud: says({}), pi: says({}) });
    for (let n = 0; n < 20; n += 1) {
      void lookUp({});
      await clock.advance(SHARED_QUESTION_MS_MAX + 20);
    }
    expect(transport.asked.filter(({ to }) => to === 'cloud').length).toBeLessThanOrEqual(5);
  });

  it('that nobody waits for any more take neither a turn nor a place', async () => {
    const { clock, lookUp, transport } = meshOf({ cloud: says({}), pi: says({}) });
    await within(clock, SHARED_QUESTION_MS_MAX + 1, lookUp({}));
    for (let n = 0; n < 3 * QUESTIONS_OF_CLIENT_MAX; n += 1) {
      const leaver = new AbortController();
      const left = expect(lookUp({}, leaver.signal, 'one')).rejects.toThrow('gone');
      leaver.abort(new Error('gone'));
      await left;
    }
    await within(clock, 500, lookUp({}, undefined, 'one'));
    expect(transport.asked.filter(({ to }) => to === 'cloud')).toHaveLength(2);
  });

  it('do not keep questions about one address waiting', async () => {
    const { clock, lookUp } = meshOf({
      cloud: ({ path }) => (path.includes('?') ? says(atCloud)({} as never, undefined) : never()),
      pi: says({}),
    });
    const whole = lookUp({});
    await within(clock, 1, lookUp(ABOUT_TITANIA));
    await within(clock, ANSWER_MS_MAX, whole);
  });
});
