// Steps 16 to 18: mail that is written and not sent yet: edited, sent by hand, at its time, or by somebody else than who wrote it.
import { AgentMailClient } from 'agentmail';
import { expect, it } from 'vitest';
import { mailOf, refusal } from '../../support/live-mailbox.ts';
import {
  download,
  field,
  mailAt,
  type ProofSteps,
  type ProofWorld,
  WITHOUT_POSTFIX,
} from '../../support/proof-world.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

const POLL = { timeout: LIVE_MS_MAX / 2, interval: 50 };
const [BOB, CATCH, ANN] = ['bob@mail.example.com', 'catch@mail.example.com', 'ann@mail.example.com'] as const;
/** Milliseconds by which a draft may go later than it should. */
const HOUR_MS = 3_600_000;

const at = (ms: number) => new Date(Date.now() + ms);
const fileOf = (filename: string, text: string) => ({ filename, content: Buffer.from(text).toString('base64') });

/** An inbox with a question of Jane's, also to Bob, that is to be answered elsewhere. */
async function asked({ newInbox, send, client }: ProofWorld) {
  const inboxId = await newInbox();
  const question = ['From: jane@y.com', `To: ${inboxId}, ${BOB}`, `Reply-To: ${CATCH}`, 'Message-ID: <q@y.com>'];
  await send(inboxId, [...question, 'References: <p@y.com>', 'Subject: Question', '', 'What?', ''].join('\r\n'));
  const { threadId } = await client.inboxes.messages.get(inboxId, '<q@y.com>');
  return { inboxId, threadId };
}

/** A client with a key of the inbox that may do so much. */
async function clientWith({ client, host }: ProofWorld, inboxId: string, permissions: Record<string, boolean>) {
  const made = await client.inboxes.apiKeys.create(inboxId, { name: 'of a role', permissions });
  if (!('apiKey' in made)) expect.fail('A key was asked for, and what came has no text.');
  return new AgentMailClient({ apiKey: made.apiKey, baseUrl: host.url });
}

export const drafts: ProofSteps = (world) => {
  writing(world);
  timing(world);
  approval(world);
};

const writing: ProofSteps = (world) => {
  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '16 drafts.create, get, list, update, send: edited, cleared by null, with files, sent once and gone',
    async () => {
      const { client, postfix, newInbox } = world();
      const { drafts: ofInbox, messages } = client.inboxes;
      const inboxId = await newInbox();
      const made = await ofInbox.create(inboxId, {
        ...{ to: [`Bob <${BOB}>`], cc: [CATCH], bcc: [ANN], replyTo: [CATCH], subject: 'Offer', text: 'Dear Bob' },
        ...{ html: '<p>Dear Bob</p>', labels: ['offer'], attachments: [fileOf('a.txt', 'first')], clientId: 'offer-1' },
      });
      const shown = { inboxId, clientId: 'offer-1', labels: ['offer'], replyTo: [CATCH], preview: 'Dear Bob' };
      expect(made).toMatchObject({ ...shown, to: [`Bob <${BOB}>`], cc: [CATCH], bcc: [ANN], text: 'Dear Bob' });
      expect(await ofInbox.create(inboxId, { clientId: 'offer-1', subject: 'Else' }), 'the same one').toEqual(made);
      expect(await ofInbox.get(inboxId, made.draftId)).toEqual(made);

      const [first] = made.attachments ?? [];
      const edited = await ofInbox.update(inboxId, made.draftId, {
        ...{ subject: 'Better offer', cc: null, addLabels: ['seen'], removeLabels: ['offer'] },
        ...{ addAttachments: [fileOf('b.txt', 'second')], removeAttachments: [String(first?.attachmentId)] },
      });
      expect(edited).toMatchObject({ subject: 'Better offer', labels: ['seen'], text: 'Dear Bob', bcc: [ANN] });
      expect([edited.cc, edited.attachments?.map(({ filename }) => filename)]).toEqual([undefined, ['b.txt']]);
      const fileId = String(edited.attachments?.[0]?.attachmentId);
      for (const link of [
        await ofInbox.getAttachment(inboxId, made.draftId, fileId),
        await client.drafts.getAttachment(made.draftId, fileId),
      ])
        expect((await download(link.downloadUrl)).toString()).toBe('second');
      const [listed, ...others] = (await ofInbox.list(inboxId, { labels: ['seen'] })).drafts;
      expect([listed?.draftId, others]).toEqual([made.draftId, []]);
      expect((await client.drafts.list({ labels: ['seen'] })).drafts).toEqual([listed]);

      const sent = await ofInbox.send(inboxId, made.draftId, { addLabels: ['approved'], removeLabels: ['seen'] });
      const mail = await mailAt(postfix, 'bob', sent.messageId);
      expect([field(mail, 'Subject'), field(mail, 'Reply-To'), field(mail, 'Cc')]).toEqual([
        ...['Better offer', CATCH, undefined],
      ]);
      expect(mail).toContain(Buffer.from('second').toString('base64'));
      expect(mail).not.toContain(Buffer.from('first').toString('base64'));
      expect(field(await mailAt(postfix, 'ann', sent.messageId), 'To')).toBe(`Bob <${BOB}>`);
      const { labels, threadId } = await messages.get(inboxId, sent.messageId);
      expect([labels.includes('approved'), labels.includes('seen'), threadId]).toEqual([true, false, sent.threadId]);
      expect(await refusal(ofInbox.get(inboxId, made.draftId))).toEqual([404, 'not_found']);
      expect(await ofInbox.send(inboxId, made.draftId, {})).toEqual(sent);
    },
  );

  it('16 drafts.update: null clears each member, what names nobody is not sent, and delete erases', async () => {
    const { client, newInbox } = world();
    const { drafts: ofInbox } = client.inboxes;
    const inboxId = await newInbox();
    const { draftId } = await ofInbox.create(inboxId, {
      ...{ to: [BOB], cc: [CATCH], bcc: [ANN], replyTo: [CATCH], subject: 'Offer', text: 'x', html: '<p>x</p>' },
      sendAt: at(HOUR_MS),
    });
    const timeless = await ofInbox.update(inboxId, draftId, { sendAt: null });
    expect(timeless.sendStatus).toBeUndefined();
    const nothing = { to: null, cc: null, bcc: null, replyTo: null, subject: null, text: null, html: null };
    const cleared = await ofInbox.update(inboxId, draftId, nothing);
    for (const name of [...Object.keys(nothing), 'preview', 'sendAt', 'sendStatus'])
      expect(cleared, name).not.toHaveProperty(name, expect.anything());
    expect(await ofInbox.get(inboxId, draftId)).toEqual(cleared);
    expect(await refusal(ofInbox.update(inboxId, draftId, {}))).toEqual([400, 'validation_error']);
    expect(await refusal(ofInbox.send(inboxId, draftId, {}))).toEqual([400, 'validation_error']);
    await ofInbox.delete(inboxId, draftId);
    expect(await refusal(ofInbox.get(inboxId, draftId))).toEqual([404, 'not_found']);
    expect((await ofInbox.list(inboxId)).drafts).toEqual([]);
  });

  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '16 drafts that answer and pass on: recipients, subject, thread and headers follow from the message, and its files go along',
    async () => {
      const { client, postfix } = world();
      const { drafts: ofInbox, messages } = client.inboxes;
      const { inboxId, threadId } = await asked(world());
      const answer = await ofInbox.create(inboxId, { inReplyTo: '<q@y.com>', text: 'That.' });
      expect(answer).toMatchObject({ to: [CATCH], subject: 'Re: Question', inReplyTo: '<q@y.com>' });
      const toAll = await ofInbox.create(inboxId, { inReplyTo: '<q@y.com>', replyAll: true, text: 'To all.' });
      expect(toAll.to).toEqual([CATCH, BOB]);
      for (const { draftId } of [answer, toAll]) {
        const sent = await ofInbox.send(inboxId, draftId, {});
        expect(sent.threadId).toBe(threadId);
        const mail = await mailAt(postfix, 'catch', sent.messageId);
        expect(['In-Reply-To', 'References', 'Subject'].map((name) => field(mail, name))).toEqual([
          ...['<q@y.com>', '<p@y.com> <q@y.com>', 'Re: Question'],
        ]);
      }

      const files = { attachments: [fileOf('offer.txt', 'the offer')] };
      const offer = await messages.send(inboxId, { to: BOB, subject: 'Offer', text: 'Our offer.', ...files });
      const passing = await ofInbox.create(inboxId, { forwardOf: offer.messageId, to: [CATCH], text: 'FYI' });
      expect(passing).toMatchObject({ subject: 'Fwd: Offer', forwardOf: offer.messageId });
      const passed = await ofInbox.send(inboxId, passing.draftId, {});
      expect(passed.threadId).toBe(offer.threadId);
      const forwarded = await mailAt(postfix, 'catch', passed.messageId);
      expect(forwarded).toContain('FYI');
      expect(forwarded).toContain('Our offer.');
      expect(forwarded).toContain(files.attachments[0]?.content);
      const neither = { inReplyTo: '<q@y.com>', forwardOf: offer.messageId };
      expect(await refusal(ofInbox.create(inboxId, neither))).toEqual([400, 'validation_error']);
      expect(await refusal(ofInbox.create(inboxId, { inReplyTo: '<never@y.com>' }))).toEqual([404, 'not_found']);
    },
  );
};

const timing: ProofSteps = (world) => {
  /**
   * Milliseconds from when a draft was to go until this host sent it, as the host itself wrote both down; once it is sent. How late it may be
   * is said of a clock that stands still (test/node/mailbox/out/scheduler.test.ts).
   */
  const lateness = async (inboxId: string, subject: string, dueMs: number) => {
    const { messages } = world().client.inboxes;
    const found = async () => (await messages.list(inboxId, { subject: [subject] })).messages;
    await expect.poll(async () => (await found()).length, POLL).toBe(1);
    return Number((await found())[0]?.timestamp) - dueMs;
  };

  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '17 send_at: moved or taken back, and what goes by itself goes at its time, once',
    async () => {
      const { client, postfix, newInbox } = world();
      const { drafts: ofInbox } = client.inboxes;
      const inboxId = await newInbox();
      const later = { to: [BOB], text: 'x', sendAt: at(HOUR_MS) };
      const moved = await ofInbox.create(inboxId, { ...later, subject: 'moved' });
      expect(moved).toMatchObject({ sendStatus: 'scheduled', labels: ['scheduled'], sendAt: later.sendAt });
      const unset = await ofInbox.create(inboxId, { ...later, subject: 'unset' });
      const { sendAt, sendStatus, labels } = await ofInbox.update(inboxId, unset.draftId, { sendAt: null });
      expect([sendAt, sendStatus, labels]).toEqual([undefined, undefined, []]);
      expect((await ofInbox.list(inboxId, { labels: ['scheduled'] })).count).toBe(1);
      const tooFar = at(91 * 24 * HOUR_MS);
      const wrong = [{ sendAt: tooFar }, { sendAt: at(-HOUR_MS) }];
      for (const change of wrong)
        expect(await refusal(ofInbox.update(inboxId, unset.draftId, change))).toEqual([400, 'validation_error']);

      const times = new Map([1, 2, 3, 4].map((second) => [`due ${second}`, at(second * 1_000)]));
      for (const [subject, time] of times) await ofInbox.create(inboxId, { ...later, subject, sendAt: time });
      const sooner = at(5_000);
      expect((await ofInbox.update(inboxId, moved.draftId, { sendAt: sooner })).sendAt).toEqual(sooner);
      times.set('moved', sooner);
      const late: number[] = [];
      for (const [subject, time] of times) late.push(await lateness(inboxId, subject, time.getTime()));
      expect(Math.min(...late), 'none too early').toBeGreaterThanOrEqual(0);

      const { messages } = await client.inboxes.messages.list(inboxId);
      for (const { messageId } of messages) await mailAt(postfix, 'bob', messageId);
      const ids = new Set(messages.map(({ messageId }) => messageId));
      const got = (await postfix.mailbox('bob')).filter((mail) => ids.has(field(mail, 'Message-ID') ?? ''));
      expect([ids.size, got.length], 'each once').toEqual([times.size, times.size]);
      const left = async () => (await ofInbox.list(inboxId)).drafts.map(({ draftId }) => draftId);
      await expect.poll(left, POLL).toEqual([unset.draftId]);
    },
  );

  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '17 send_at with a restart between: what was due meanwhile goes with the start, all else at its time',
    async () => {
      const { client, host, postfix, newInbox } = world();
      const { drafts: ofInbox, messages } = client.inboxes;
      const inboxId = await newInbox();
      const meanwhile = at(3_000);
      const times = new Map([
        ['meanwhile', meanwhile],
        ...[10, 11, 12].map((s) => [`after ${s}`, at(s * 1_000)] as const),
      ]);
      for (const [subject, sendAt] of times) await ofInbox.create(inboxId, { to: [BOB], subject, text: 'x', sendAt });
      await host.stop();
      await expect.poll(() => Date.now(), POLL).toBeGreaterThan(meanwhile.getTime());
      await host.start();
      const late: number[] = [];
      for (const [subject, time] of times) late.push(await lateness(inboxId, subject, time.getTime()));
      expect(Math.min(...late), 'none too early').toBeGreaterThanOrEqual(0);
      const ids = (await messages.list(inboxId)).messages.map(({ messageId }) => messageId);
      for (const id of ids) await mailAt(postfix, 'bob', id);
      expect(ids.length).toBe(times.size);
      const left = async () => (await ofInbox.list(inboxId)).count;
      await expect.poll(left, POLL).toBe(0);
    },
  );
};

const approval: ProofSteps = (world) => {
  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '18 approval by two keys: the agent’s writes and can’t send, the human’s sends what it has seen',
    async () => {
      const { client, postfix, send, newInbox } = world();
      const inboxId = await newInbox();
      await send(inboxId, mailOf('<may@y.com>', 'May I?', '', 'May I have it for less?'));
      const writes = { messageRead: true, draftCreate: true, draftRead: true, draftUpdate: true };
      const { inboxes: agent } = await clientWith(world(), inboxId, writes);
      const { inboxes: human } = await clientWith(world(), inboxId, { draftRead: true, draftSend: true });

      const wish = { inReplyTo: '<may@y.com>', to: [BOB], text: 'For 900.', labels: ['needs-approval'] };
      const { draftId } = await agent.drafts.create(inboxId, wish);
      for (const call of [
        () => agent.drafts.send(inboxId, draftId, {}),
        () => agent.messages.send(inboxId, { to: BOB, text: 'For 900.' }),
        () => agent.messages.reply(inboxId, '<may@y.com>', { text: 'For 900.' }),
        () => agent.drafts.create(inboxId, { to: [BOB], sendAt: at(1_000) }),
        () => agent.drafts.update(inboxId, draftId, { sendAt: at(1_000) }),
      ])
        expect(await refusal(call())).toEqual([403, 'missing_permission']);
      expect(await refusal(human.drafts.create(inboxId, wish))).toEqual([403, 'missing_permission']);

      const [waiting] = (await human.drafts.list(inboxId, { labels: ['needs-approval'] })).drafts;
      expect(waiting?.draftId).toBe(draftId);
      const seen = await human.drafts.get(inboxId, draftId).withRawResponse();
      const ifSeen = { headers: { 'If-Match': String(seen.rawResponse.headers.get('etag')) } };
      await agent.drafts.update(inboxId, draftId, { text: 'For 1.' });
      const unseen = human.drafts.send(inboxId, draftId, {}, ifSeen);
      expect(await refusal(unseen), 'what it has not seen it does not send').toEqual([409, 'race_condition']);
      expect((await client.inboxes.messages.list(inboxId, { labels: ['sent'] })).count).toBe(0);

      await agent.drafts.update(inboxId, draftId, { text: 'For 800.' });
      const last = await human.drafts.get(inboxId, draftId).withRawResponse();
      expect(last.data.text).toBe('For 800.');
      const ifLast = { headers: { 'If-Match': String(last.rawResponse.headers.get('etag')) } };
      const { messageId } = await human.drafts.send(inboxId, draftId, {}, ifLast);
      expect(await mailAt(postfix, 'bob', messageId)).toContain('For 800.');
      expect(await refusal(agent.drafts.get(inboxId, draftId))).toEqual([404, 'not_found']);

      const approved = await agent.drafts.create(inboxId, { to: [BOB], text: 'Approved.' });
      await client.inboxes.drafts.update(inboxId, approved.draftId, { sendAt: at(HOUR_MS) });
      const changed = agent.drafts.update(inboxId, approved.draftId, { text: 'Something else.' });
      expect(await refusal(changed), 'what has a time is approved').toEqual([403, 'forbidden']);
      await client.inboxes.drafts.delete(inboxId, approved.draftId);
    },
  );
};
