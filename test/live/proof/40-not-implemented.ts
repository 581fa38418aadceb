// Step 40: what only AgentMail's own service can do is refused at once: the client asks again by itself after what it takes for an outage.
import { AgentMailClient } from 'agentmail';
import { expect, it } from 'vitest';
import type { ProofSteps } from '../../support/proof-world.ts';
import { VENDOR_CALLS } from '../../support/vendor-calls.ts';

export const notImplemented: ProofSteps = (world) => {
  it.each(Object.entries(VENDOR_CALLS))(
    '40 %s: 404 not_implemented in one request, which says why',
    async (_, call) => {
      const { host, apiKey } = world();
      let requests = 0;
      const counted: typeof fetch = (...asked) => {
        requests += 1;
        return fetch(...asked);
      };
      const client = new AgentMailClient({ apiKey, baseUrl: host.url, fetch: counted });
      const refused = await Promise.resolve(call(client)).catch((error: unknown) => error);
      expect(refused).toMatchObject({
        statusCode: 404,
        body: { name: 'NotFoundError', code: 'not_implemented', message: expect.stringMatching(/An own node/) },
      });
      expect(requests).toBe(1);
    },
  );
};
