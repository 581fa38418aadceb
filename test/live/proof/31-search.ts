// Step 31: mail is found by its words, in one inbox, a pod and everywhere.
import { expect, it } from 'vitest';
import { mailOf, refusal } from '../../support/live-mailbox.ts';
import { keyed } from '../../support/proof-keys.ts';
import { idsIn, type ProofSteps, WITHOUT_SWAKS } from '../../support/proof-world.ts';

const UTF8 = ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'];
const FRAGMENT_MAX = 160;

/** The mails, by their ids: subject and text. In each text of its own is the word that only this test has. */
const MAILS = {
  '<invoice@y.com>': ['Your invoice 4711', 'Payment of the café bill is late. Zephyranth.'],
  '<meeting@y.com>': ['会議の件', 'これは重要な連絡です。明日、東京で会いましょう。 Zephyranth.'],
  '<korean@y.com>': ['안내', '회의는 내일입니다. Zephyranth.'],
  '<quote@y.com>': ['Quoted', 'He said "never again" AND left (for good) -- 100% sure. a-b c_d Zephyranth.'],
  '<long@y.com>': ['Long', `${'filler '.repeat(900)}needle ${'filler '.repeat(900)}needle Zephyranth.`],
} as const;

/** What is asked for, and what is found. */
const FOUND: readonly (readonly [question: string, ...ids: readonly (keyof typeof MAILS)[]])[] = [
  ['payment', '<invoice@y.com>'],
  ['LATE bill', '<invoice@y.com>'],
  ['cafe', '<invoice@y.com>'],
  ['payment never'],
  // A part of the subject, of the sender's address and of the recipient's.
  ['voice 471', '<invoice@y.com>'],
  ['重要', '<meeting@y.com>'],
  ['東京', '<meeting@y.com>'],
  ['会議', '<meeting@y.com>'],
  ['京東'],
  ['내일', '<korean@y.com>'],
  ['"never again"', '<quote@y.com>'],
  ['"late"', '<invoice@y.com>'],
  ['said AND left', '<quote@y.com>'],
  ['payment AND late'],
  ['late OR never'],
  ['NOT late'],
  ['pay*'],
  ['(for', '<quote@y.com>'],
  ['100%', '<quote@y.com>'],
  ['a-b', '<quote@y.com>'],
  ['text:late'],
  ['needle', '<long@y.com>'],
];

export const search: ProofSteps = (world) => {
  it.skipIf(WITHOUT_SWAKS !== undefined)(
    '31 search: by words, parts of them, Chinese, Japanese and Korean, and quotes that are no operators; with what was found marked',
    async () => {
      const { client, send, byLmtp, newInbox } = world();
      const inboxId = await newInbox();
      for (const [id, [subject, text]] of Object.entries(MAILS))
        await send(inboxId, mailOf(id, subject, ...UTF8, '', text));
      await send(inboxId, mailOf('<held@y.com>', 'Held back', ...UTF8, '', 'Zephyranth.'), ...byLmtp);
      const { messages } = client.inboxes;
      const ids = async (q: string) => idsIn(await messages.search(inboxId, { q })).toSorted();
      for (const [question, ...wanted] of FOUND) expect([question, await ids(question)]).toEqual([question, wanted]);
      expect(await ids('zephyranth')).toEqual(Object.keys(MAILS).toSorted());
      expect(await ids('jane@y.co')).toEqual(Object.keys(MAILS).toSorted());
      for (const q of ['', '?!', '" "', Array.from({ length: 21 }, (_, at) => `w${at}`).join(' ')])
        expect(await refusal(messages.search(inboxId, { q }))).toEqual([400, 'validation_error']);

      const highlights = async (q: string) => (await messages.search(inboxId, { q })).messages[0]?.highlights;
      expect(await highlights('invoice bill')).toEqual({
        ...{ subject: ['Your **invoice** 4711'], text: ['Payment of the café **bill** is late. Zephyranth.'] },
      });
      expect((await highlights('voice'))?.subject).toEqual(['Your in**voice** 4711']);
      expect((await highlights('重要'))?.text?.[0]).toContain('これは**重要**な連絡です。');
      const pieces = (await highlights('needle'))?.text ?? [];
      expect(pieces).toHaveLength(2);
      for (const piece of pieces) {
        expect(piece).toContain('**needle**');
        expect([...piece.replaceAll('**', '')].length).toBeLessThanOrEqual(FRAGMENT_MAX);
      }
    },
  );

  it.skipIf(WITHOUT_SWAKS !== undefined)(
    '31 threads.search: of one inbox, of a pod, of all; a key finds its own, and what is hidden or gone is found nowhere',
    async () => {
      const { client, host, send } = world();
      const pod = await client.pods.create({ clientId: 'searched' });
      const inboxes = [];
      for (const username of ['one', 'two'])
        inboxes.push((await client.pods.inboxes.create(pod.podId, { username })).inboxId);
      const [one, two] = inboxes as [string, string];
      const outside = await world().newInbox();
      for (const [at, to] of [one, two, outside].entries())
        await send(to, mailOf(`<${at}@y.com>`, `Amaranth ${at}`, '', 'Words.'));
      await send(one, mailOf('<reply@y.com>', 'Re: Amaranth 0', 'In-Reply-To: <0@y.com>', '', 'Amaranth, again.'));
      const q = 'amaranth';
      const inboxesIn = ({ threads }: { readonly threads: readonly { readonly inboxId: string }[] }) =>
        threads.map(({ inboxId }) => inboxId).toSorted();
      const podKey = keyed(host, await client.pods.apiKeys.create(pod.podId, {}));
      const inboxKey = keyed(host, await client.inboxes.apiKeys.create(two, {}));
      expect(inboxesIn(await client.threads.search({ q }))).toEqual([one, outside, two].toSorted());
      expect(inboxesIn(await client.pods.threads.search(pod.podId, { q }))).toEqual([one, two].toSorted());
      expect(inboxesIn(await client.inboxes.threads.search(one, { q }))).toEqual([one]);
      expect(inboxesIn(await podKey.client.threads.search({ q }))).toEqual([one, two].toSorted());
      expect(inboxesIn(await inboxKey.client.threads.search({ q }))).toEqual([two]);
      const [thread] = (await client.inboxes.threads.search(one, { q })).threads;
      expect(thread).toMatchObject({ messageCount: 2, highlights: expect.anything() });

      const seen: string[] = [];
      for (let pageToken: string | undefined, more = true; more; more = pageToken !== undefined) {
        const page = await client.threads.search({ q, limit: 1, ...(pageToken !== undefined && { pageToken }) });
        seen.push(...inboxesIn(page));
        pageToken = page.nextPageToken;
      }
      expect(seen.toSorted(), 'page by page').toEqual([one, outside, two].toSorted());

      await client.inboxes.messages.update(outside, '<2@y.com>', { addLabels: ['trash'] });
      expect(inboxesIn(await client.threads.search({ q }))).toEqual([one, two].toSorted());
      await client.inboxes.messages.delete(two, '<1@y.com>');
      expect(inboxesIn(await client.threads.search({ q }))).toEqual([one]);
      for (const inboxId of [one, two]) await client.inboxes.delete(inboxId);
      expect((await client.threads.search({ q })).count).toBe(0);
      await client.pods.delete(pod.podId);
    },
  );
};
