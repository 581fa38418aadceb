// Lists that show what is hidden, too: one order of all, from page to page.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Listed, ListPlace } from '../../../../node/mailbox/list.ts';
import { type Connection, openForReading } from '../../../../node/mailbox/store/database.ts';
import { MailReader } from '../../../../node/mailbox/store/mail-reader.ts';
import { ThreadReader } from '../../../../node/mailbox/store/thread-reader.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import type { HiddenLabel } from '../../../../node/mailbox/stored-mail.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const INBOX = 'a@x.com';
const ALL: readonly HiddenLabel[] = ['spam', 'blocked', 'unauthenticated', 'trash'];
/** Mails in the order in which they come; at both ends several in a row are hidden. */
const HIDDEN = ['spam', 'spam', 'spam', 'spam', 'blocked'];
const BETWEEN = ['received', 'unauthenticated', 'spam', 'received', 'spam', 'received', 'blocked', 'received'];
const CLASSES = [...HIDDEN, ...BETWEEN, ...HIDDEN.toReversed()];

let directory: string;
let writer: Writer;
let connection: Connection;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-'));
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...made, directory });
  await writer.beginInbox({ inboxId: INBOX, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId: INBOX, agentId: 'agent', atMs: 2 });
  for (const [at, mailClass] of CLASSES.entries()) {
    const delivery = { mailClass: mailClass as 'spam', isAuthenticated: mailClass === 'received' };
    await writer.store(receivedMail({ to: [INBOX], atMs: at, content: { headerId: `<${at}@y.com>` }, delivery }));
  }
  connection = openForReading(directory);
});

afterEach(() => {
  connection.close();
  writer.close();
  rmSync(directory, { recursive: true });
});

interface Asked {
  readonly include: readonly HiddenLabel[];
  readonly isAscending: boolean;
  readonly place: ListPlace | undefined;
}

const asked = (one: Asked) => ({ ...one, labels: [], from: [], to: [], subject: [], limit: 2, inboxId: INBOX });
const numberIn = (id: string) => Number(/\d+/.exec(id)?.[0]);
const LISTS: Readonly<Record<string, (one: Asked) => Listed<number>>> = {
  mails: (one) => {
    const { items, next } = new MailReader(connection).list(asked(one));
    return { items: items.map(({ messageId }) => numberIn(messageId)), next };
  },
  threads: (one) => {
    const { items, next } = new ThreadReader(connection, new MailReader(connection)).list(asked(one));
    return { items: items.map(({ lastMessageId }) => numberIn(lastMessageId)), next };
  },
  'threads of all inboxes': (one) => {
    const question = { ...asked(one), inboxId: undefined };
    const { items, next } = new ThreadReader(connection, new MailReader(connection)).list(question);
    return { items: items.map(({ lastMessageId }) => numberIn(lastMessageId)), next };
  },
};

describe.each(Object.entries(LISTS))('a list of %s', (_, list) => {
  it.each([
    ['nothing hidden', [], ['received']],
    ['spam', ['spam'], ['received', 'spam']],
    ['spam and what is blocked', ['spam', 'blocked'], ['received', 'spam', 'blocked']],
    ['all', ALL, ['received', 'spam', 'blocked', 'unauthenticated']],
  ] as const)('has %s in its order, each once, both ways', (_name, include, classes) => {
    const wanted = CLASSES.flatMap((one, at) => ((classes as readonly string[]).includes(one) ? [at] : []));
    for (const isAscending of [true, false]) {
      const seen: number[] = [];
      let place: ListPlace | undefined;
      do {
        const { items, next } = list({ include, isAscending, place });
        seen.push(...items);
        place = next;
      } while (place !== undefined);
      expect(seen).toEqual(isAscending ? wanted : wanted.toReversed());
    }
  });
});
