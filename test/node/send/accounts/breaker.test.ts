// When an account is left alone, and for how long: by failures one after the other, not by how many were under way at once.
import { describe, expect, it } from 'vitest';
import { Breaker, type Trial } from '../../../../node/send/accounts/breaker.ts';

const SECOND = 1_000;
const failure = (nowMs: number, isCertain = false) => ({ error: 'x', isCertain, nowMs, wallMs: nowMs });
const many = (breaker: Breaker, count: number): Trial[] => Array.from({ length: count }, () => breaker.begin());

/** Fails one attempt after the other until the breaker opens; returns when that was. */
function opened(breaker: Breaker, nowMs = 0): Breaker {
  for (let count = 0; count < 5; count += 1) breaker.failed(breaker.begin(), failure(nowMs));
  return breaker;
}

describe('failures', () => {
  it('that were under way together are one', () => {
    const breaker = new Breaker();
    for (const trial of many(breaker, 5)) breaker.failed(trial, failure(0));
    expect([breaker.view(0, 0).health, breaker.mayTry(0)]).toEqual(['failing', true]);
  });

  it('that were under way together leave a refused account alone for 30 s, not for eight minutes', () => {
    const breaker = new Breaker();
    for (const trial of many(breaker, 5)) breaker.failed(trial, failure(0, true));
    expect([breaker.mayTry(30 * SECOND - 1), breaker.mayTry(30 * SECOND)]).toEqual([false, true]);
  });

  it('of which one is certain open it, whatever came before', () => {
    const breaker = new Breaker();
    const [first, second] = many(breaker, 2) as [Trial, Trial];
    breaker.failed(first, failure(0));
    breaker.failed(second, failure(0, true));
    expect(breaker.mayTry(0)).toBe(false);
  });

  it('five in a row leave it alone for 30 s, and each failed probe doubles that, up to ten minutes', () => {
    const breaker = opened(new Breaker());
    let nowMs = 0;
    const waits = [30, 60, 120, 240, 480, 600, 600];
    for (const seconds of waits) {
      expect([breaker.mayTry(nowMs + seconds * SECOND - 1), breaker.mayTry(nowMs + seconds * SECOND)]).toEqual([
        false,
        true,
      ]);
      nowMs += seconds * SECOND;
      breaker.failed(breaker.begin(), failure(nowMs));
    }
  });
});

describe('a probe', () => {
  it('is one message at a time, until it was told what became of it', () => {
    const breaker = opened(new Breaker());
    const probe = breaker.begin();
    expect(breaker.mayTry(60 * SECOND)).toBe(false);
    breaker.released(probe);
    expect(breaker.mayTry(60 * SECOND)).toBe(true);
  });

  it('is not ended by an attempt that began before', () => {
    const breaker = new Breaker();
    const [older] = many(breaker, 1) as [Trial];
    opened(breaker);
    breaker.begin();
    breaker.released(older);
    breaker.failed(older, failure(60 * SECOND));
    expect(breaker.mayTry(60 * SECOND)).toBe(false);
  });

  it('that works ends it all; an older attempt that works does not', () => {
    const breaker = new Breaker();
    const [older] = many(breaker, 1) as [Trial];
    opened(breaker);
    breaker.succeeded(older);
    expect(breaker.mayTry(0)).toBe(false);
    breaker.succeeded(breaker.begin());
    expect(breaker.view(0, 0).health).toBe('ok');
    opened(breaker, 60 * SECOND);
    expect(breaker.mayTry(90 * SECOND)).toBe(true);
  });
});
