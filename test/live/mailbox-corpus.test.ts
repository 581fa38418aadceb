// The mails of public test suites, and a short while of broken ones, through a real node; `npm run soak -- --mail` takes longer.
import { describe, expect, it } from 'vitest';
import { runMail } from '../../scripts/chaos/mail-run.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

describe('mails that programs of thirty years wrote', () => {
  it(
    'are taken whole and broken, kept octet for octet, and hold nobody up',
    async () => {
      const { taken, violations } = await runMail({ seed: 1, broken: 60 }, () => undefined);
      expect(violations).toEqual([]);
      expect(taken).toBeGreaterThan(200);
    },
    LIVE_MS_MAX,
  );
});
