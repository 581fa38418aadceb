// Steps 32 to 35: what asks often, and what is asked for many things at once.
import { AgentMailClient } from 'agentmail';
import { expect, it } from 'vitest';
import { askEagerly } from '../../support/eager-asker.ts';
import { refusal } from '../../support/live-mailbox.ts';
import { sendBurst } from '../../support/mail-burst.ts';
import { keyed } from '../../support/proof-keys.ts';
import { idsIn, type ProofSteps } from '../../support/proof-world.ts';

const MAILS = 1_000;
/** What a key may ask at once. */
const ASKED_AT_ONCE = 200;
const ids = (word: string, count: number) => Array.from({ length: count }, (_, at) => `<${word}-${at}@y.com>`);

/** A page, as the client asks for it. */
type Page<Item> = (pageToken: string | undefined) => PromiseLike<{
  readonly items: readonly Item[];
  readonly nextPageToken?: string | undefined;
}>;

/** All pages, one after the other; `between` is done once, after the first. */
async function allOf<Item>(page: Page<Item>, between: () => Promise<unknown> = async () => undefined): Promise<Item[]> {
  const found: Item[] = [];
  for (let token: string | undefined, isFirst = true; isFirst || token !== undefined; isFirst = false) {
    const { items, nextPageToken } = await page(token);
    found.push(...items);
    token = nextPageToken;
    if (isFirst) await between();
  }
  return found;
}

export const many: ProofSteps = (world) => {
  it('32 a key that asks too often: 429 with Retry-After, which the client waits for, and then has every answer', async () => {
    const { client, host } = world();
    const { apiKey, keyId } = keyed(host, await client.apiKeys.create({}));
    const other = keyed(host, await client.apiKeys.create({}));
    /** By request, when it was told to come again. */
    const toldAtMs = new Map<string | null, number>();
    const pausesMs: number[] = [];
    const waits = new Set<string | null>();
    const watched: typeof fetch = async (url, init) => {
      const request = new Headers(init?.headers).get('x-number');
      const told = toldAtMs.get(request);
      if (told !== undefined) pausesMs.push(performance.now() - told);
      const response = await fetch(url, init);
      if (response.status === 429) {
        toldAtMs.set(request, performance.now());
        waits.add(response.headers.get('retry-after'));
      } else toldAtMs.delete(request);
      return response;
    };
    const often = new AgentMailClient({ apiKey, baseUrl: host.url, fetch: watched, maxRetries: 50 });
    const me = (number: number) => often.auth.me({ headers: { 'X-Number': String(number) } });
    const wasTold = () => waits.size > 0;
    const others = askEagerly(host, apiKey, wasTold);
    const answered: unknown[] = [];
    do {
      const numbers = Array.from({ length: ASKED_AT_ONCE }, (_, number) => answered.length + number);
      answered.push(...(await Promise.all(numbers.map(me))).map(({ apiKeyId }) => apiKeyId));
    } while (!wasTold());
    await others;
    expect(new Set(answered)).toEqual(new Set([keyId]));
    expect([...waits]).toEqual(['1']);
    expect(Math.min(...pausesMs)).toBeGreaterThanOrEqual(990);
    expect((await other.client.auth.me()).apiKeyId, 'and nobody else').toBe(other.keyId);
    for (const one of [keyId, other.keyId]) await client.apiKeys.delete(one);
  });

  it('33 a thousand mails, page by page both ways while others arrive: each once, and in order', async () => {
    const { client, smtp: port, newInbox } = world();
    const to = await newInbox();
    const first = ids('first', MAILS);
    await sendBurst({ port, to, ids: first });
    let arrived = 0;
    const arrive = () => {
      arrived += 1;
      return sendBurst({ port, to, ids: ids(`later-${arrived}`, 60), connections: 3 });
    };
    for (const ascending of [false, true]) {
      const before = new Set(first.concat(...Array.from({ length: arrived }, (_, at) => ids(`later-${at + 1}`, 60))));
      let arriving: Promise<void> | undefined;
      const list: Page<{ readonly messageId: string; readonly timestamp: Date }> = async (pageToken) => {
        const asked = { limit: 100, ascending, ...(pageToken !== undefined && { pageToken }) };
        const { messages, nextPageToken } = await client.inboxes.messages.list(to, asked);
        return { items: messages, nextPageToken };
      };
      // They come while the pages are read.
      const found = await allOf(list, async () => {
        arriving = arrive();
      });
      await arriving;
      const read = found.map(({ messageId }) => messageId);
      expect(new Set(read).size, 'none twice').toBe(read.length);
      expect(new Set(read).intersection(before).size, 'none is missing').toBe(before.size);
      const times = found.map(({ timestamp }) => timestamp.getTime());
      expect(times).toEqual(times.toSorted((a, b) => (ascending ? a - b : b - a)));
      // What came behind the first page is behind all others, and before none.
      if (!ascending) expect(read.length).toBe(before.size);
    }
    const threads: Page<string> = async (pageToken) => {
      const asked = { limit: 100, ...(pageToken !== undefined && { pageToken }) };
      const page = await client.inboxes.threads.list(to, asked);
      return { items: page.threads.map(({ threadId }) => threadId), nextPageToken: page.nextPageToken };
    };
    const all = await allOf(threads, arrive);
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBe(MAILS + 120);
    const page = await client.inboxes.messages.list(to, { limit: 10 });
    const pageToken = String(page.nextPageToken);
    const otherQuestion = client.inboxes.messages.list(to, { limit: 10, pageToken, ascending: true });
    expect(await refusal(otherQuestion)).toEqual([400, 'validation_error']);
    await client.inboxes.delete(to);
  });

  it('34 batches: 500 mails are read at once in the order in which they are named, and 50 changed, all or none', async () => {
    const { client, smtp: port, newInbox } = world();
    const [to, other] = [await newInbox(), await newInbox()];
    const all = ids('batch', 120);
    await sendBurst({ port, to, ids: all });
    await sendBurst({ port, to: other, ids: ['<elsewhere@y.com>'] });
    const { messages } = client.inboxes;
    const named = [...all.toReversed(), '<never@y.com>', '<elsewhere@y.com>'];
    const read = await messages.batchGet(to, { messageIds: named });
    expect([read.limit, read.count]).toEqual([122, 120]);
    expect(read.messages.map(({ messageId }) => messageId)).toEqual(all.toReversed());
    for (const member of ['text', 'html', 'extracted_text']) expect(read.messages[0]).not.toHaveProperty(member);
    const fill = (count: number) => [...all, ...ids('fill', count - all.length)];
    expect((await messages.batchGet(to, { messageIds: fill(500) })).count).toBe(120);

    const messageIds = all.slice(0, 49).concat('<never@y.com>');
    const changed = await messages.batchUpdate(to, { messageIds, addLabels: ['done'], removeLabels: 'unread' });
    expect([changed.limit, changed.count]).toEqual([50, 49]);
    expect(changed.updates[0]).toEqual({ messageId: all[0], labels: ['done', 'received'] });
    const done = await messages.list(to, { labels: ['done'], limit: 100 });
    expect(done.count).toBe(49);
    expect((await messages.list(to, { labels: ['unread'], limit: 100 })).count).toBe(71);

    // One of them may not be changed so: none is.
    await messages.update(to, String(all[60]), { addLabels: ['mine'] });
    const some = all.slice(50, 70);
    const required = { headers: { 'X-Require-Labels': '!mine' } };
    const update = messages.batchUpdate(to, { messageIds: some, addLabels: ['theirs'] }, required);
    expect(await refusal(update)).toEqual([409, 'race_condition']);
    expect((await messages.list(to, { labels: ['theirs'] })).count).toBe(0);
    for (const call of [
      () => messages.batchGet(to, { messageIds: [] }),
      () => messages.batchGet(to, { messageIds: fill(501) }),
      () => messages.batchGet(to, { messageIds: ['<1@y.com>', '<1@y.com>'] }),
      () => messages.batchUpdate(to, { messageIds: all.slice(0, 51), addLabels: 'x' }),
      () => messages.batchUpdate(to, { messageIds: some }),
      () => messages.batchUpdate(to, { messageIds: some, addLabels: 'sent' }),
    ])
      expect(await refusal(call())).toEqual([400, 'validation_error']);
    const nowhere = messages.batchUpdate('never@agents.example.com', { messageIds: some, addLabels: 'x' });
    expect(await refusal(nowhere)).toEqual([404, 'not_found']);
  });

  it('35 label events: each change of a label is one, in order and page by page; they go with their mail', async () => {
    const { client, smtp: port, newInbox } = world();
    const to = await newInbox();
    await sendBurst({ port, to, ids: ['<a@y.com>', '<b@y.com>'] });
    const { messages, events } = client.inboxes;
    expect((await events.list(to)).count, 'the labels that a mail comes with are none').toBe(0);
    await messages.update(to, '<a@y.com>', { addLabels: ['one', 'two'], removeLabels: ['unread'] });
    await messages.update(to, '<a@y.com>', { addLabels: ['one'], removeLabels: ['unread'] });
    await messages.batchUpdate(to, { messageIds: ['<a@y.com>', '<b@y.com>'], addLabels: ['both'] });
    const { threadId } = await messages.get(to, '<b@y.com>');
    await client.threads.update(threadId, { addLabels: ['thread'] });
    await messages.update(to, '<a@y.com>', { removeLabels: ['one'] });

    const { organizationId } = await client.auth.me();
    const { podId } = await client.inboxes.get(to);
    const whole = (await events.list(to, { ascending: true })).events;
    const changes = (id: string) =>
      whole.filter(({ messageId }) => messageId === id).map(({ eventType, label }) => `${eventType} ${label}`);
    expect(changes('<a@y.com>').slice(0, 3).toSorted()).toEqual([
      ...['label.added one', 'label.added two', 'label.removed unread'],
    ]);
    expect(changes('<a@y.com>').slice(3)).toEqual(['label.added both', 'label.removed one']);
    expect(changes('<b@y.com>')).toEqual(['label.added both', 'label.added thread']);
    for (const event of whole) expect(event).toMatchObject({ organizationId, podId, inboxId: to });
    const times = whole.map(({ eventAt }) => eventAt.getTime());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(whole.map(({ eventId }) => eventId)).size).toBe(whole.length);

    for (const ascending of [true, false]) {
      const paged = await allOf(async (pageToken) => {
        const page = await events.list(to, { limit: 2, ascending, ...(pageToken !== undefined && { pageToken }) });
        return { items: page.events, nextPageToken: page.nextPageToken };
      });
      expect(paged).toEqual(ascending ? whole : whole.toReversed());
    }
    await messages.delete(to, '<a@y.com>');
    expect((await events.list(to, { ascending: true })).events).toEqual(
      whole.filter(({ messageId }) => messageId === '<b@y.com>'),
    );
    expect(idsIn(await messages.list(to))).toEqual(['<b@y.com>']);
  });
};
