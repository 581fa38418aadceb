// What becomes of each record of a backup: what is left out too little brings votes back, what is left out too much is lost.
import { describe, expect, it } from 'vitest';
import { firstChain } from '../../../mesh/feed/chain.ts';
import { historyOf, noCounts, restoredWrites } from '../../../node/backup/restored-records.ts';
import { MESSAGE_STATES } from '../../../node/send/message.ts';

const LOG_ID = 'f'.repeat(32);
const RESTORING = { history: 'mesh-1', now: '2026-01-27T12:00:00.000Z', newSecret: () => 'new secret', logId: LOG_ID };

function restored(key: string, value: unknown, history: string | undefined = 'mesh-1') {
  const counts = noCounts();
  return { writes: restoredWrites(key, value, { ...RESTORING, history }, counts), counts };
}

describe('a record that tells of votes, or of places in a log that goes on', () => {
  it.each([
    'claim/config',
    'claim/life',
    'claim/lives/cloud',
    'claim/incarnation',
    'claim/register/a@x.com',
    'claim/ballot-ceiling',
    'claim/floor',
    'claim/evicting/cloud',
    'claim/guest/cloud',
    `change-own/${'a'.repeat(32)}/0000000000000001`,
  ])('is left behind: %s', (key) => {
    expect(restored(key, { any: 'value' }).writes).toEqual([]);
  });

  it.each([
    'claim/engine',
    'change/0000000000000001',
    'pin/cloud',
    'webhook/progress/w1',
    'webhook/dead/w1/1',
    'key/k1',
  ])('is not %s, which stays as it was', (key) => {
    expect(restored(key, { any: 'value' }).writes).toEqual([{ key, value: { any: 'value' } }]);
  });

  it('is not the end of the log, which goes on behind what it had, with no own entry under its new id', () => {
    const end = { seq: 7, n: 5, logId: 'a'.repeat(32), chain: 'c', digest: 'd', oldestSeq: 3, oldestN: 2 };
    const { writes } = restored('change-end', end);
    expect(writes).toEqual([
      {
        key: 'change-end',
        value: { seq: 7, n: 0, logId: LOG_ID, chain: firstChain(LOG_ID), digest: 'd', oldestSeq: 3 },
      },
    ]);
  });
});

describe('an agent', () => {
  const agent = { id: 'a1', addresses: ['a@x.com', 'b@x.com'].map((key) => ({ key, claimId: `of ${key}` })) };

  it('comes back with each claim to be asked about, and what had decided it', () => {
    const { writes, counts } = restored('agent/a1', agent);
    expect(writes).toEqual([
      { key: 'agent/a1', value: agent },
      { key: 'restored/a@x.com', value: { claimId: 'of a@x.com', history: 'mesh-1' } },
      { key: 'restored/b@x.com', value: { claimId: 'of b@x.com', history: 'mesh-1' } },
    ]);
    expect(counts).toMatchObject({ agents: 1, addresses: 2 });
  });

  it('that is gone has no claims', () => {
    const gone = { sequence: 4 };
    expect(restored('agent-gone/a1', gone)).toEqual({
      writes: [{ key: 'agent-gone/a1', value: gone }],
      counts: noCounts(),
    });
  });
});

describe('a mail', () => {
  const FINAL = ['sent', 'partial', 'failed', 'expired', 'bounced', 'suppressed', 'cancelled', 'unknown'];
  it.each(MESSAGE_STATES)('that was %s is sent again by itself only if it had ended', (state) => {
    const message = { id: 'm1', state, account: 'one' };
    const { writes, counts } = restored('send/message/m1', message);
    const mark = { key: 'send/attempt/m1', value: { account: 'one' } };
    const isFinal = FINAL.includes(state);
    expect(writes).toEqual([{ key: 'send/message/m1', value: message }, ...(isFinal ? [] : [mark])]);
    expect(counts.mails).toBe(isFinal ? 0 : 1);
  });

  it('that was given no account yet is marked all the same', () => {
    expect(restored('send/message/m1', { id: 'm1', state: 'queued' }).writes[1]?.value).toEqual({ account: 'unknown' });
  });
});

describe('a subscription', () => {
  it('stays as it was where the backup has its secret', () => {
    const known = { url: 'https://x.com/', secret: 's', isEnabled: true };
    expect(restored('webhook/subscription/w1', known)).toEqual({
      writes: [{ key: 'webhook/subscription/w1', value: known }],
      counts: noCounts(),
    });
  });

  it('without its secret is disabled, with one that nobody knows', () => {
    const { writes, counts } = restored('webhook/subscription/w1', { url: 'https://x.com/', isEnabled: true });
    expect(writes[0]?.value).toEqual({
      ...{ url: 'https://x.com/', secret: 'new secret', isEnabled: false },
      ...{ disabledReason: 'operator', disabledAt: RESTORING.now },
    });
    expect(counts.withoutSecret).toEqual(['https://x.com/']);
  });
});

describe('a record that is not what its key says', () => {
  it.each([
    ['agent/a1', { addresses: 'none' }],
    ['agent/a1', { addresses: [{ key: 'a@x.com' }] }],
    ['send/message/m1', { id: 'm1', state: 'lost' }],
    ['webhook/subscription/w1', {}],
    ['change-end', { n: 1 }],
  ])('ends the restoring: %s %j', (key, value) => {
    expect(() => restored(key, value)).toThrowError(expect.objectContaining({ code: 'store_failed' }));
  });
});

describe('what decided the claims', () => {
  it.each<[string, Readonly<Record<string, unknown>>, string | undefined]>([
    ['the mesh', { 'claim/config': { mesh: 'mesh-1' } }, 'mesh-1'],
    ['the engine, where there is one', { 'claim/engine': 'etcd-1', 'claim/config': { mesh: 'mesh-1' } }, 'etcd-1'],
    ['nothing', {}, undefined],
    ['nothing that can be read', { 'claim/engine': 5, 'claim/config': { mesh: 7 } }, undefined],
  ])('is %s', (_, records, expected) => {
    expect(historyOf((key) => records[key])).toBe(expected);
  });
});
