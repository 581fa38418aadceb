// What this host blocks for a while, and what is left of it when that is over, on a real database.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const NAME = { entry: 'jane@y.com', key: 'jane@y.com', entryType: 'email' } as const;
const LIST = { scope: { kind: 'inbox', inboxId: 'a@x.com' }, direction: 'send', listType: 'block' } as const;
const bounced = (endsAtMs: number) => ({ reason: 'bounced', isReadOnly: true, endsAtMs, atMs: 1 });
const COMPLAINED = { reason: 'complained', isReadOnly: true, atMs: 1 };
const UNSUBSCRIBED = { reason: 'unsubscribed', isReadOnly: false, atMs: 1 };
const OWN = 'a client';

let directory: string;
let writer: Writer;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-blocks-'));
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', baseSubject: () => undefined };
  writer = await Writer.open({ ...made, directory, chooseThread: () => undefined });
  await writer.beginInbox({ inboxId: 'a@x.com', makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId: 'a@x.com', agentId: 'agent', atMs: 1 });
});

afterEach(() => {
  writer.close();
  rmSync(directory, { recursive: true });
});

describe('what is blocked after a bounce', () => {
  it.each([
    ['is there until it ends', [bounced(101)], true],
    ['ends at its time', [bounced(100)], undefined],
    ['begins anew with another bounce', [bounced(100), bounced(101)], true],
    ['is not made shorter by one that ends before', [bounced(101), bounced(100)], true],
    ['is for good when there was a complaint before', [COMPLAINED, bounced(100)], true],
    ['is for good when there is a complaint after', [bounced(100), COMPLAINED], true],
    ['leaves what a client had blocked before', [OWN, bounced(100)], false],
    ['leaves what a client has blocked since', [bounced(100), OWN], false],
    ['leaves that its owner asked for no more since', [bounced(100), UNSUBSCRIBED], false],
    ['leaves that its owner had asked for no more', [UNSUBSCRIBED, bounced(100)], false],
    ['ends no block of a client', [OWN], false],
  ] as const)('%s', async (_, blocks, isReadOnly) => {
    const found = await writer.write(() => {
      for (const block of blocks)
        if (block === OWN) writer.lists.add({ ...LIST, ...NAME, atMs: 1 });
        else writer.lists.block('a@x.com', NAME, block);
      writer.lists.endBlocks(100);
      return writer.lists.find({ ...LIST, key: NAME.key })?.isReadOnly;
    });
    expect(found).toBe(isReadOnly);
  });
});
