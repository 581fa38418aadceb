// What is asked of a host with very many entries of lists, inboxes and pods: found by an index, and never by looking at all.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIST_ENTRIES_MAX, type ListScope } from '../../../../node/mailbox/list-entry.ts';
import { openForWriting } from '../../../../node/mailbox/store/database.ts';
import { InboxReader } from '../../../../node/mailbox/store/inbox-reader.ts';
import { ListRows } from '../../../../node/mailbox/store/list-rows.ts';
import { MailReader } from '../../../../node/mailbox/store/mail-reader.ts';
import { PodRows } from '../../../../node/mailbox/store/pod-rows.ts';
import { SearchReader } from '../../../../node/mailbox/store/search-reader.ts';
import { ThreadReader } from '../../../../node/mailbox/store/thread-reader.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { receivedMail } from '../../../support/mails.ts';
import { scansOf } from '../../../support/planned-queries.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const POD = 'pod';
let directory: string;
let writer: Writer;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-scopes-'));
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', baseSubject: () => undefined };
  writer = await Writer.open({ ...made, directory, chooseThread: () => undefined });
  await writer.write(() => writer.pods.add({ podId: POD, name: 'Acme', clientId: undefined, atMs: 0 }));
});

afterEach(() => {
  writer.close();
  rmSync(directory, { recursive: true });
});

const addInbox = async (inboxId: string, more: { podId?: string; displayName?: string } = {}) => {
  await writer.beginInbox({ inboxId, makesAgent: true, agentId: inboxId, ...more, atMs: 1 });
  await writer.activateInbox({ inboxId, agentId: inboxId, atMs: 1 });
};
/** Asks on a connection of its own, whose statements are looked at. */
const scans = (work: Parameters<typeof scansOf>[1]) => {
  const connection = openForWriting(directory);
  try {
    return scansOf(connection, work);
  } finally {
    connection.close();
  }
};
const entry = (scope: ListScope, name: string) => ({
  ...({ scope, direction: 'send', listType: 'block', entryType: 'email', entry: name, key: name, atMs: 1 } as const),
});

describe('a list', () => {
  const ofInbox: ListScope = { kind: 'inbox', inboxId: 'a@x.com' };

  it('is asked, read and added to by its index', async () => {
    await addInbox('a@x.com', { podId: POD });
    await writer.write(() => writer.lists.add(entry(ofInbox, 'jane@y.com')));
    const found = scans((connection) => {
      const lists = new ListRows(connection);
      const about = { inboxId: 'a@x.com', direction: 'send', address: 'jane@y.com', isAuthenticated: true } as const;
      expect(lists.keptOut(about)).toMatchObject({ why: 'blocked' });
      const named = { scope: ofInbox, direction: 'send', listType: 'block' } as const;
      expect(lists.list({ ...named, limit: 1, after: 'a' }).items).toHaveLength(1);
      for (const name of ['eve@y.com', 'jane@y.com']) lists.add(entry(ofInbox, name));
      lists.remove({ ...named, key: 'eve@y.com' });
    });
    expect(found).toEqual([]);
  });

  it('takes as many entries of clients as there may be, whatever this host has made of its own', async () => {
    await addInbox('a@x.com');
    const made = await writer.write(() => {
      const reason = { reason: 'bounced', isReadOnly: true, atMs: 1 };
      for (let at = 0; at < LIST_ENTRIES_MAX; at += 1) {
        const name = `${at}@y.com`;
        writer.lists.block('a@x.com', { entry: name, key: name, entryType: 'email' }, reason);
      }
      return writer.lists.add(entry(ofInbox, 'jane@y.com')).outcome;
    });
    expect(made).toBe('added');
  });
});

describe('inboxes', () => {
  const search = (text: string, more = {}) => {
    const connection = openForWriting(directory);
    try {
      const words = text.split(' ');
      return new InboxReader(connection).search({ words, text, limit: 9, ...more }).items.map(({ inboxId }) => inboxId);
    } finally {
      connection.close();
    }
  };

  it('are found by the beginnings of words, the newest first, and the exact address before all', async () => {
    await addInbox('sales@x.com', { displayName: 'Müller & Söhne' });
    await addInbox('sales-eu@x.com', { podId: POD });
    await addInbox('support@sales.x.com');
    expect(search('sal')).toEqual(['support@sales.x.com', 'sales-eu@x.com', 'sales@x.com']);
    expect(search('sales@x.com')).toEqual(['sales@x.com']);
    expect(search('sales@')).toEqual(['sales@x.com']);
    expect(search('ales')).toEqual([]);
    for (const text of ['müll', 'muller s', 'söh x.com', '&müller'])
      expect([text, search(text)]).toEqual([text, ['sales@x.com']]);
    expect(search('sales-e')).toEqual(['sales-eu@x.com']);
    expect(search('sal', { podId: POD })).toEqual(['sales-eu@x.com']);
    for (const text of ['&', '"', 'sales OR x', '* sales']) expect([text, search(text)].flat()).not.toContain('error');
    expect(search('&')).toEqual([]);
    await writer.changeInbox({ inboxId: 'sales@x.com', displayName: 'Meier', atMs: 2 });
    expect([search('mül'), search('mei')]).toEqual([[], ['sales@x.com']]);
    await writer.deleteInbox({ inboxId: 'sales@x.com', atMs: 3 });
    expect(search('mei')).toEqual([]);
    await writer.dropInbox('sales@x.com');
    await addInbox('sales@x.com');
    expect(search('mei')).toEqual([]);
  });

  it('are found, listed and counted by an index', async () => {
    await addInbox('a@x.com', { podId: POD });
    const asked = { words: ['a', 'x'], text: 'a x', limit: 5 };
    const found = scans((connection) => {
      const reader = new InboxReader(connection);
      for (const scope of [{}, { podId: POD }]) {
        for (const place of [undefined, { atMs: 0, row: 5 }]) reader.search({ ...asked, ...scope, place });
        reader.list({ ...scope, limit: 5, isAscending: false });
        reader.list({ ...scope, limit: 5, isAscending: true, after: { atMs: 0, row: 0 } });
      }
    });
    expect(
      found.filter((step) => !step.includes('inbox_search VIRTUAL TABLE') && !step.includes('inbox_by_time')),
    ).toEqual([]);
  });
});

describe('pods', () => {
  it('are found and listed by an index', () => {
    const found = scans((connection) => {
      const pods = new PodRows(connection);
      expect(pods.find(POD)).toMatchObject({ name: 'Acme' });
      expect(pods.list({ limit: 5, isAscending: false }).items).toHaveLength(2);
      pods.list({ limit: 5, isAscending: true, place: { atMs: 0, row: 1 } });
      pods.list({ limit: 5, isAscending: true, podId: POD });
    });
    expect(found.filter((step) => !step.includes('pod_by_time'))).toEqual([]);
  });

  it('with very many inboxes have their mail found, and no other', async () => {
    for (let at = 0; at < 150; at += 1) await addInbox(`${at}@x.com`, at % 2 === 0 ? { podId: POD } : {});
    for (const to of ['0@x.com', '1@x.com', '148@x.com'])
      await writer.store(
        receivedMail({ to: [to], raw: to, content: { headerId: `<${to}>`, subject: 'Invoice', text: to } }),
      );
    await writer.write(() => writer.search.indexSome());
    const connection = openForWriting(directory);
    const mails = new MailReader(connection);
    const search = new SearchReader(connection, mails, new ThreadReader(connection, mails));
    const found = search.mails({ podId: POD, words: ['invoice'], limit: 9 }).items.map(({ item }) => item.inboxId);
    const scanned = scansOf(connection, (noted) => {
      new SearchReader(noted, mails, new ThreadReader(noted, mails)).mails({
        podId: POD,
        words: ['invoice'],
        limit: 9,
      });
    });
    connection.close();
    expect(found.toSorted()).toEqual(['0@x.com', '148@x.com']);
    expect(scanned.filter((step) => !step.startsWith('SCAN search VIRTUAL TABLE'))).toEqual([]);
  });
});
