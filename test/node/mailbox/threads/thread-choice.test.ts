// The thread of a mail, as a table: what its header says, what the inbox knows, and which thread follows.
import { describe, expect, it } from 'vitest';
import type { KnownThreads, MailContent, MailInThread } from '../../../../node/mailbox/message.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 100 * DAY_MS;

const content = (fields: Partial<MailContent>): MailContent => ({
  ...{ from: 'Jane <jane@x.com>', fromAddress: 'jane@x.com', to: [], cc: [], bcc: [], replyTo: [], hiddenText: false },
  ...{ inReplyTo: [], references: [], headers: {}, parts: [] },
  ...fields,
});

type Thread = ReturnType<KnownThreads['withSubject']>[number];

interface Knowledge {
  readonly ids?: Readonly<Record<string, string>>;
  readonly subjects?: Readonly<Record<string, readonly Thread[]>>;
  readonly full?: readonly string[];
}

const knowing = ({ ids = {}, subjects = {}, full = [] }: Knowledge): KnownThreads => ({
  threadOf: (id) => ids[id],
  withSubject: (base, sender) => subjects[`${base} by ${sender}`] ?? [],
  messageCount: (thread) => (full.includes(thread) ? 1_000 : 999),
});

const received = (fields: Partial<MailContent>, more: Partial<MailInThread> = {}): MailInThread => ({
  ...{ content: content(fields), mailClass: 'received', isAuthenticated: true, isAutomated: false },
  receivedAtMs: NOW_MS,
  ...more,
});

describe('the thread of a mail that names others', () => {
  it.each<[string, Partial<MailContent>, Knowledge, string | undefined]>([
    ['nothing known', { inReplyTo: ['<a>'], references: ['<b>'] }, {}, undefined],
    ['what it answers', { inReplyTo: ['<a>'], references: ['<b>'] }, { ids: { '<a>': 'A', '<b>': 'B' } }, 'A'],
    ['the nearest of its references', { references: ['<b>', '<c>'] }, { ids: { '<b>': 'B', '<c>': 'C' } }, 'C'],
    ['a far one when the nearer are unknown', { references: ['<b>', '<c>'] }, { ids: { '<b>': 'B' } }, 'B'],
    ['only the first id of In-Reply-To', { inReplyTo: ['<x>', '<a>'] }, { ids: { '<a>': 'A' } }, undefined],
    ['its own id: a late parent', { headerId: '<p>' }, { ids: { '<p>': 'A' } }, 'A'],
    ['a full thread', { inReplyTo: ['<a>'] }, { ids: { '<a>': 'A' }, full: ['A'] }, undefined],
    [
      'a full thread and its successor',
      { inReplyTo: ['<a>'], references: ['<s>'] },
      { ids: { '<a>': 'A', '<s>': 'S' }, full: ['A'] },
      'S',
    ],
  ])('goes by %s', (_, fields, knowledge, thread) => {
    expect(chooseThread(received(fields), knowing(knowledge))).toBe(thread);
  });

  it('looks at the fifty nearest references alone', () => {
    const references = ['<far>', ...Array.from({ length: 50 }, (_, i) => `<${i}>`)];
    expect(chooseThread(received({ references }), knowing({ ids: { '<far>': 'A' } }))).toBeUndefined();
    expect(chooseThread(received({ references: references.slice(0, 50) }), knowing({ ids: { '<far>': 'A' } }))).toBe(
      'A',
    );
  });

  it.each(['spam', 'blocked', 'unauthenticated'] as const)('is a new one while it is %s', (mailClass) => {
    const mail = received({ inReplyTo: ['<a>'] }, { mailClass });
    expect(chooseThread(mail, knowing({ ids: { '<a>': 'A' } }))).toBeUndefined();
  });
});

describe('the thread of a mail that names no other', () => {
  const thread: Thread = { threadId: 'A', lastAtMs: NOW_MS - 13 * DAY_MS, hasSent: true };
  const known = (...threads: readonly Thread[]) => knowing({ subjects: { 'invoice by jane@x.com': threads } });
  const reply = { subject: 'Re: Invoice' };

  it('is the one in which it was asked, by its subject', () => {
    expect(chooseThread(received(reply), known(thread))).toBe('A');
  });

  it.each<[string, Partial<MailContent>, object, readonly Thread[]]>([
    ['its subject has no reply prefix', { subject: 'Invoice' }, {}, [thread]],
    ['it names something, if unknown', { ...reply, references: ['<gone>'] }, {}, [thread]],
    ['it answers something, if unknown', { ...reply, inReplyTo: ['<gone>'] }, {}, [thread]],
    ['a program wrote it', reply, { isAutomated: true }, [thread]],
    ['nobody knows who wrote it', reply, { isAuthenticated: false }, [thread]],
    ['it has no sender', { ...reply, fromAddress: undefined }, {}, [thread]],
    ['the sender is in two such threads', reply, {}, [thread, { ...thread, threadId: 'B' }]],
    ['this inbox has written nothing there', reply, {}, [{ ...thread, hasSent: false }]],
    ['the last mail there is 15 days old', reply, {}, [{ ...thread, lastAtMs: NOW_MS - 15 * DAY_MS }]],
    ['there is none', reply, {}, []],
  ])('is a new one when %s', (_, fields, more, threads) => {
    expect(chooseThread(received(fields, more), known(...threads))).toBeUndefined();
  });
});

describe('threads, whatever comes in', () => {
  it('are never merged, and each mail lies where the first of its names lay', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = seededRandom(seed);
      const bound = new Map<string, string>();
      const count = new Map<string, number>();
      const pick = () => `<${Math.floor(random.next() * 40)}>`;
      const known: KnownThreads = {
        threadOf: (id) => bound.get(id),
        withSubject: () => [],
        messageCount: (thread) => count.get(thread) ?? 0,
      };
      for (let mail = 0; mail < 100; mail++) {
        const fields = {
          headerId: `<${mail % 40}>`,
          references: [pick(), pick()],
          inReplyTo: random.next() < 0.5 ? [pick()] : [],
        };
        const before = new Map(bound);
        const thread = chooseThread(received(fields), known) ?? `new-${mail}`;
        const names = [fields.headerId, ...fields.inReplyTo, ...fields.references];
        expect(names.some((id) => before.get(id) === thread) || names.every((id) => !before.has(id))).toBe(true);
        for (const id of names) if (!bound.has(id)) bound.set(id, thread);
        count.set(thread, (count.get(thread) ?? 0) + 1);
        for (const [id, where] of before) expect(bound.get(id), `${id} of seed ${seed}`).toBe(where);
      }
    }
  });
});
