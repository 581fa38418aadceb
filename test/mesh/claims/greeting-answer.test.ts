// When a host counts as silent that was greeted, and that it does not stay so when its answer comes after all.
import { describe, expect, it } from 'vitest';
import type { Conversation, Greeted } from '../../../mesh/claims/conversation.ts';
import { hearGreetingAnswer } from '../../../mesh/claims/greeting-answer.ts';
import { MeshError } from '../../../mesh/errors.ts';
import { GREETING_LATE_MS_MAX, GREETING_MS_MAX, OWN_LAG_MS_MAX } from '../../../mesh/peer-silence.ts';
import type { Event } from '../../../mesh/state/events.ts';
import type { Reply } from '../../../mesh/state/messages.ts';
import { cloud, DATA, greetingOf, mac, wishOf } from '../../support/membership-of.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const question = greetingOf(DATA[mac] ?? '', wishOf([cloud, mac]));
const answer = greetingOf(DATA[cloud] ?? '', wishOf([cloud, mac]), { index: '"1"' });

/** A greeting of `mac` to `cloud`, and what becomes of it. `clock`: virtual unless another is given. */
function greet(clock = new VirtualClock()) {
  const { promise: heard, resolve, reject } = Promise.withResolvers<Reply>();
  const [told, events]: [string[], Event[]] = [[], []];
  const conversation: Conversation = {
    carries: () => true,
    index: () => '""',
    heard: () => undefined,
    greeted: (_, how: Greeted) =>
      told.push('reply' in how ? `answered ${how.reply.index}` : (how.error as Error).message),
  };
  hearGreetingAnswer({
    ...{ to: cloud, question, heard, clock, conversation, dispatch: (event) => events.push(event) },
  });
  return { clock, told, events, resolve, reject, types: () => events.map(({ type }) => type) };
}

describe('a host that was greeted', () => {
  it('and answers in time is there', async () => {
    const { clock, told, types, resolve } = greet();
    resolve(answer);
    await clock.advance(GREETING_LATE_MS_MAX);
    expect([told, types()]).toEqual([['answered "1"'], ['replied']]);
  });

  it('counts as silent after two seconds, once', async () => {
    const { clock, told, events, types, reject } = greet();
    await clock.advance(GREETING_MS_MAX);
    expect(told).toEqual([`Host 'cloud' did not answer a greeting within ${GREETING_MS_MAX} ms.`]);
    expect(events).toMatchObject([{ type: 'ungreeted', from: cloud, sinceMs: 0, why: undefined }]);
    reject(new MeshError('peer_silent', 'It never answered.'));
    await clock.advance(GREETING_LATE_MS_MAX);
    expect([told.length, types()]).toEqual([1, ['ungreeted']]);
  });

  it('is there when its answer comes late', async () => {
    const { clock, told, types, resolve } = greet();
    await clock.advance(GREETING_LATE_MS_MAX - 1);
    resolve(answer);
    await clock.advance(1);
    expect([told[1], types()]).toEqual(['answered "1"', ['ungreeted', 'replied']]);
  });

  it('and refuses is told of at once, late or not', async () => {
    const refusal = new MeshError('peer_unintelligible', 'It answers with status 400.');
    const [early, late] = [greet(), greet()];
    early.reject(refusal);
    await early.clock.advance(GREETING_LATE_MS_MAX);
    expect([early.told, early.types()]).toEqual([[refusal.message], ['ungreeted']]);
    await late.clock.advance(GREETING_MS_MAX);
    late.reject(refusal);
    await late.clock.advance(1);
    expect([late.told[1], late.events[1]]).toMatchObject([
      refusal.message,
      { type: 'ungreeted', why: refusal.message },
    ]);
  });

  it('and does not know the profile that it is told is not told of before the whole one was heard', async () => {
    const { clock, told, types, resolve } = greet();
    resolve({ version: 2, kind: 'unknown', incarnation: DATA[cloud] ?? '' });
    await clock.advance(1);
    expect([told, types()]).toEqual([[], ['replied']]);
  });

  it('is given as long again when this host itself was too busy to look at the clock', async () => {
    class LateClock extends VirtualClock {
      override sleep(ms: number, signal?: AbortSignal): Promise<void> {
        return super.sleep(ms + OWN_LAG_MS_MAX + 1, signal);
      }
    }
    const { clock, told, types, resolve } = greet(new LateClock());
    await clock.advance(GREETING_MS_MAX + OWN_LAG_MS_MAX + 1);
    expect(told).toEqual([]);
    resolve(answer);
    await clock.advance(GREETING_LATE_MS_MAX);
    expect([told, types()]).toEqual([['answered "1"'], ['replied']]);
  });
});
