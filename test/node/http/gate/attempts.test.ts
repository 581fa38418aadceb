import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { Attempts, KNOWN_MS } from '../../../../node/http/gate/attempts.ts';
import { firstShown } from '../../../../node/http/gate/shown-credentials.ts';
import { CLIENTS_MAX, FAILURES_MAX } from '../../../../node/keys/failures.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const NOTHING = new MeshError('unauthorized', 'It opens nothing.');
const key = (digest: string) => firstShown({ isKey: true, digest });

function setUp() {
  const clock = new VirtualClock();
  const good = new Set(['good']);
  const attempts = new Attempts(clock, ({ digest }) => good.has(digest));
  const tried = (shown = key('bad'), isCounted = true) => {
    const judge = () => (good.has(shown.digest) ? undefined : NOTHING);
    return attempts.judged({ client: 'a', shown, isCounted, judge })?.code;
  };
  const fail = (times: number) => Array.from({ length: times }, () => tried());
  return { clock, good, attempts, tried, fail };
}

describe('what somebody shows', () => {
  it('is looked at ten times a minute, while it opens nothing', () => {
    const { tried, fail } = setUp();
    expect(new Set(fail(FAILURES_MAX))).toEqual(new Set(['unauthorized']));
    expect([tried(), tried(key('good'))]).toEqual(['rate_limited', 'rate_limited']);
  });

  it('counts only where it is said to', () => {
    const { tried } = setUp();
    for (let one = 0; one < 2 * FAILURES_MAX; one += 1) expect(tried(key('bad'), false)).toBe('unauthorized');
  });

  it('is judged each time: what opened something a moment ago opens nothing from the moment it is revoked, and is counted', () => {
    const { good, tried } = setUp();
    const shown = key('good');
    expect([tried(shown), tried(shown)]).toEqual([undefined, undefined]);
    good.clear();
    expect(Array.from({ length: FAILURES_MAX }, () => tried(shown))).toEqual(Array(FAILURES_MAX).fill('unauthorized'));
    expect(tried()).toBe('rate_limited');
  });

  it('is remembered by its client beyond its moment, so that the failures of others do not shut it out', async () => {
    const { clock, tried, fail } = setUp();
    const shown = key('good');
    tried(shown);
    await clock.advance(KNOWN_MS);
    fail(FAILURES_MAX);
    expect([tried(shown), tried(key('good')), tried(key('other'))]).toEqual([undefined, undefined, 'rate_limited']);
  });

  it('stays among those that are remembered as long as it is shown, however many others come', async () => {
    const { clock, attempts, tried, fail } = setUp();
    const shown = key('good');
    tried(shown);
    for (let one = 0; one < CLIENTS_MAX; one += 1) {
      if (one === CLIENTS_MAX / 2) {
        await clock.advance(KNOWN_MS);
        tried(shown);
      }
      attempts.judged({ client: `b${one}`, shown: key('good'), isCounted: true, judge: () => undefined });
    }
    fail(FAILURES_MAX);
    expect(tried(key('good'))).toBeUndefined();
  });

  it('is not taken to open something because it was shown where nothing is needed', () => {
    const { attempts, tried, fail } = setUp();
    attempts.judged({ client: 'a', shown: key('guess'), isCounted: true, judge: () => undefined });
    fail(FAILURES_MAX);
    expect(tried(key('guess'))).toBe('rate_limited');
  });
});
