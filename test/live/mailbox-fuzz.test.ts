// Everything by which mail and questions come in, with what nobody should send: a small run of what `npm run soak -- --mail` does for ten minutes.
import { describe, expect, it } from 'vitest';
import { runMail } from '../../scripts/chaos/mail-run.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

describe('a mailbox that is sent broken mails, and is told and asked what nobody should', () => {
  it(
    'neither crashes nor hangs, and keeps what it has acknowledged',
    async () => {
      const run = await runMail(
        { seed: 3, wholeMax: 60, broken: 200, dialogues: 60, questions: 2_000 },
        () => undefined,
      );
      expect(run.violations).toEqual([]);
      expect(run).toMatchObject({ dialogues: 60, questions: 2_000 });
      expect(run.taken).toBeGreaterThan(220);
      expect([run.authenticated > 10, run.joined > 0], `${run.authenticated}, ${run.joined}`).toEqual([true, true]);
    },
    2 * LIVE_MS_MAX,
  );
});
