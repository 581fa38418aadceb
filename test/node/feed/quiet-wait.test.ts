import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { FEED_QUIET_MS_MAX } from '../../../mesh/feed/messages.ts';
import { FEED_WAIT_MS_MAX, QuietWait } from '../../../node/feed/quiet-wait.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SILENT = new MeshError('peer_silent', 'Nobody answers.');

/** A follower whose copy stands for version "1", and whose host has said so. */
function confirmed() {
  const clock = new VirtualClock();
  const quiet = new QuietWait(clock);
  quiet.stands('"1"');
  quiet.said('"1"');
  /** Asks over a line that answers after `answersMs`, and that bears `bearsMs` of silence. Resolves with the waits that were asked for. */
  const ask = async (answersMs: number, bearsMs = Number.POSITIVE_INFINITY, turn = new AbortController().signal) => {
    const waits: number[] = [];
    const outcome = quiet.ask(
      { waitMs: quiet.waitMs },
      async ({ waitMs }) => {
        waits.push(waitMs);
        const tookMs = Math.min(answersMs, waitMs);
        await clock.sleep(Math.min(tookMs, bearsMs));
        if (tookMs > bearsMs) throw SILENT;
      },
      turn,
    );
    outcome.catch(() => undefined);
    await clock.advance(FEED_QUIET_MS_MAX);
    return { waits, outcome };
  };
  return { quiet, ask };
}

describe('a question for news', () => {
  it('waits for minutes once the host says in its greetings that the copy is as its index is', () => {
    const quiet = new QuietWait(new VirtualClock());
    quiet.stands('"1"');
    expect(quiet.waitMs).toBe(FEED_WAIT_MS_MAX);
    expect(quiet.said('"1"')).toBe('as copied');
    expect(quiet.waitMs).toBe(FEED_QUIET_MS_MAX);
  });

  it('does not where the host says no version with its news', () => {
    const { quiet } = confirmed();
    quiet.stands(undefined);
    expect([quiet.said('"1"'), quiet.said('"1"'), quiet.waitMs]).toEqual(['unclear', 'unclear', FEED_WAIT_MS_MAX]);
  });

  it('is asked anew, and does not wait, when another version is said twice without its news', () => {
    const { quiet } = confirmed();
    expect([quiet.said('"2"'), quiet.said('"3"'), quiet.said('"3"')]).toEqual(['unclear', 'unclear', 'behind']);
    expect(quiet.waitMs).toBe(0);
    quiet.stands('"3"');
    expect([quiet.waitMs, quiet.said('"3"'), quiet.waitMs]).toEqual([FEED_WAIT_MS_MAX, 'as copied', FEED_QUIET_MS_MAX]);
  });

  it('is not when the news came in between', () => {
    const { quiet } = confirmed();
    quiet.said('"2"');
    quiet.stands('"2"');
    expect([quiet.said('"3"'), quiet.said('"2"'), quiet.said('"3"')]).toEqual(['unclear', 'as copied', 'unclear']);
  });
});

describe('a line that does not carry so long a silence', () => {
  it('is asked again at once, and half as long from then on', async () => {
    const { quiet, ask } = confirmed();
    const { waits, outcome } = await ask(FEED_QUIET_MS_MAX, 60_000);
    await outcome;
    expect([waits, quiet.waitMs]).toEqual([[FEED_QUIET_MS_MAX, 0], 30_000]);
  });

  it('is tried with twice as long after each full wait', async () => {
    const { quiet, ask } = confirmed();
    await ask(FEED_QUIET_MS_MAX, 60_000);
    await ask(10_000);
    expect(quiet.waitMs).toBe(30_000);
    await ask(FEED_QUIET_MS_MAX);
    expect(quiet.waitMs).toBe(60_000);
  });

  it('is no such line when it broke within the usual wait: the host may have ended', async () => {
    const { quiet, ask } = confirmed();
    await ask(FEED_QUIET_MS_MAX, FEED_WAIT_MS_MAX);
    expect(quiet.waitMs).toBe(FEED_QUIET_MS_MAX);
  });

  it('is not asked again by who has given up, nor after the usual wait', async () => {
    const { ask } = confirmed();
    const given = await ask(FEED_QUIET_MS_MAX, 60_000, AbortSignal.abort());
    await expect(given.outcome).rejects.toBe(SILENT);
    expect(given.waits).toHaveLength(1);
    const usual = new QuietWait(new VirtualClock());
    const refused = usual.ask({ waitMs: FEED_WAIT_MS_MAX }, () => Promise.reject(SILENT), new AbortController().signal);
    await expect(refused).rejects.toBe(SILENT);
  });
});
