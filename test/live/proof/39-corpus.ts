// Step 39: the mails of public test suites, and a short while of broken ones, through a node of their own; `npm run soak -- --mail` takes longer.
import { expect, it } from 'vitest';
import { runMail } from '../../../scripts/chaos/mail-run.ts';
import type { ProofSteps } from '../../support/proof-world.ts';

export const corpus: ProofSteps = () => {
  it('39 mails that programs of thirty years wrote, whole and broken: each is kept octet for octet, and the node is ready all the while', async () => {
    const { taken, violations } = await runMail({ seed: 1, broken: 60 }, () => undefined);
    expect(violations).toEqual([]);
    expect(taken).toBeGreaterThan(200);
  });
};
