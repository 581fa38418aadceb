// Step 39: the mails of public test suites, by LMTP, and a short while of broken ones, through a node of their own. `npm run soak -- --mail` takes
// longer; with `--clone DIR`, those of a clone of such a suite are among them as they are, which this repository may not hold.
import { expect, it } from 'vitest';
import { runMail } from '../../../scripts/chaos/mail-run.ts';
import type { ProofSteps } from '../../support/proof-world.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

/** Of which 189 were looked through, and the others are masked. */
const MAILS = 1_053;

export const corpus: ProofSteps = () => {
  it(
    '39 mails that programs of thirty years wrote, whole and broken: each is kept octet for octet, and the node is ready all the while',
    async () => {
      const { whole, taken, violations } = await runMail({ seed: 1, broken: 60 }, () => undefined);
      expect(violations).toEqual([]);
      expect(whole).toEqual({ count: MAILS, taken: MAILS });
      expect(taken).toBeGreaterThan(MAILS);
    },
    3 * LIVE_MS_MAX,
  );
};
