// What of the clients' answers comes before the checker.
import { describe, expect, it } from 'vitest';
import { Recorder } from '../../../scripts/chaos/recorder.ts';

const ADDRESS = 'a@x.com';

describe('a recorded history', () => {
  it('is judged though thousands of claims were refused in it', () => {
    const recorder = new Recorder();
    for (let at = 0; at < 3_000; at += 1) recorder.failed('mac', ADDRESS, `failed-${at}`, at);
    for (let at = 0; at < 300; at += 1) {
      recorder.won('mac', ADDRESS, `won-${at}`, 10 * at, 10 * at + 3);
      recorder.lost(ADDRESS, { claim: `won-${at}`, host: 'mac' }, 10 * at + 1, 10 * at + 5);
      recorder.released(ADDRESS, `won-${at}`, 10 * at + 6, 10 * at + 9);
    }
    expect(recorder.violations()).toEqual([]);
  });

  it('holds a refused claim that stood against another, and a violation that it takes part in', () => {
    const recorder = new Recorder();
    recorder.failed('mac', ADDRESS, 'failed', 0);
    recorder.lost(ADDRESS, { claim: 'failed', host: 'mac' }, 10, 12);
    expect(recorder.violations()).toEqual([]);
    recorder.won('cloud', ADDRESS, 'won', 20, 22);
    recorder.lost(ADDRESS, { claim: 'failed', host: 'mac' }, 30, 32);
    expect(recorder.violations()).toEqual([expect.stringMatching(/^a@x\.com: No order explains/)]);
  });

  it('shows an address that two won', () => {
    const recorder = new Recorder();
    recorder.won('mac', ADDRESS, 'one', 0, 2);
    recorder.won('cloud', ADDRESS, 'other', 4, 6);
    expect(recorder.violations().length).toBe(1);
  });

  it('takes a claim that was seen before its own answer came for no older one that was not answered', () => {
    const recorder = new Recorder();
    recorder.unanswered('mac', ADDRESS, 0);
    recorder.lost(ADDRESS, { claim: 'seen', host: 'mac' }, 11, 12);
    recorder.won('mac', ADDRESS, 'seen', 10, 14);
    recorder.released(ADDRESS, 'seen', 20, 22);
    recorder.lost(ADDRESS, { claim: 'unanswered', host: 'mac' }, 30, 32);
    expect(recorder.violations()).toEqual([]);
  });
});
