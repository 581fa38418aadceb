import { describe, expect, it } from 'vitest';
import { FEED_VERSION } from '../../../mesh/feed/messages.ts';
import { jsonExcess } from '../../../mesh/json/json-shape.ts';
import { FeedServer } from '../../../node/feed/feed-server.ts';
import { aRow, nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { testKeys } from '../../support/test-keys.ts';

const { mac } = testKeys('mac');
const COUNT = 1_200;

describe('an answer of the feed', () => {
  it('is one that a host reads, however far behind who asks is and whatever changed', async () => {
    const { changes, clock, log } = await openTestLog();
    const [current, row] = [['a@x.com'], aRow('a@x.com', { metadata: { tenant: 'x' } })];
    const change = { added: [], removed: [], modified: current, current } as never;
    const entries = Array.from({ length: COUNT }, (_, at) =>
      ownEntry(at + 1, { changes: change, rows: { put: [row], drop: [] } }),
    );
    await changes.append(entries, [], nothing);
    const ports = { clock, random: seededRandom(1), log, hostId: mac.id, signer: mac.signer, agents: () => [] };
    const server = new FeedServer({ ...ports, changes, index: () => '"1"' });
    for (let after = 0; after < COUNT; ) {
      const question = { version: FEED_VERSION, logId: changes.logId, after, waitMs: 0 } as const;
      const answer = await server.answer(question, new AbortController().signal);
      if (answer.kind !== 'chunk' || answer.entries.length === 0) throw new Error(`Nothing was told after ${after}.`);
      expect(jsonExcess(JSON.stringify(answer))).toBeUndefined();
      after += answer.entries.length;
    }
  });
});
