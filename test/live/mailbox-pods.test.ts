// Pods, and keys that open a part of the mailbox, as AgentMail's own client has them; mail comes in by SMTP.
import { AgentMailClient } from 'agentmail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { askEagerly } from '../support/eager-asker.ts';
import { type LiveMailbox, liveMailbox, mailOf, refusal } from '../support/live-mailbox.ts';
import { SmtpTalk } from '../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const POLL = { timeout: LIVE_MS_MAX };

let at: LiveMailbox;

beforeAll(async () => {
  at = await liveMailbox();
}, LIVE_MS_MAX);
afterAll(() => at[Symbol.asyncDispose](), LIVE_MS_MAX);

const withKey = (made: object) => {
  if (!('apiKey' in made) || typeof made.apiKey !== 'string') throw new Error('The answer has no key.');
  const { apiKey } = made;
  return { apiKey, client: new AgentMailClient({ apiKey, baseUrl: at.host.url }) };
};

/** Two pods with an inbox `support` each, and a key of each pod. */
async function twoPods(name: string) {
  const made = [];
  for (const clientId of [`${name}-acme`, `${name}-globex`]) {
    const { podId } = await at.client.pods.create({ clientId });
    const { inboxId } = await at.client.pods.inboxes.create(podId, { username: 'support' });
    made.push({ podId, inboxId, clientId, ...withKey(await at.client.pods.apiKeys.create(podId, { name: clientId })) });
  }
  return made as [(typeof made)[number], (typeof made)[number]];
}

/** What each recipient is answered, and what the mail is. */
async function deliver(to: readonly string[], id: string): Promise<readonly string[]> {
  await using talk = await SmtpTalk.open(at.smtp, 'EHLO mx.y.com');
  await talk.say('MAIL FROM:<jane@y.com>');
  const answers = [];
  for (const one of to) answers.push(await talk.say(`RCPT TO:<${one}>`));
  if (answers.some((answer) => answer.startsWith('250'))) await talk.mail(mailOf(id, 'Hello', '', 'See it.'));
  return answers.map((answer) => /^(?:250|\d{3} \d\.\d\.\d)/.exec(answer)?.[0] ?? answer);
}

/** What a socket has heard, and the code that it was closed with. */
async function listen(apiKey: string) {
  const socket = new WebSocket(`${at.host.url.replace('http', 'ws')}/v0?api_key=${apiKey}`);
  const heard: { type: string; message?: { inbox_id: string } }[] = [];
  let closed: number | undefined;
  socket.on('message', (data) => heard.push(JSON.parse(String(data))));
  socket.on('close', (code) => {
    closed = code;
  });
  socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe' })));
  await expect.poll(() => heard.length, POLL).toBe(1);
  const inboxIds = () => [...new Set(heard.flatMap(({ message }) => message?.inbox_id ?? []))].toSorted();
  return { socket, inboxIds, closed: () => closed };
}

describe('a pod', () => {
  it(
    'has a support of its own, which gets its own mail and which no other pod finds, and ends in the order of the guide',
    async () => {
      const [acme, globex] = await twoPods('first');
      expect([acme.inboxId, globex.inboxId]).toEqual([
        'support@first-acme.agents.example.com',
        'support@first-globex.agents.example.com',
      ]);
      expect((await at.client.pods.create({ clientId: acme.clientId })).podId).toBe(acme.podId);
      const strangers = ['nobody@first-acme.agents.example.com', 'support@first-other.agents.example.com'];
      expect(await deliver([acme.inboxId, globex.inboxId, ...strangers], '<1@y.com>')).toEqual([
        ...['250', '250', '550 5.1.1', '550 5.7.1'],
      ]);
      for (const [own, other] of [[acme, globex] as const, [globex, acme] as const]) {
        await expect.poll(async () => (await own.client.threads.list()).count, POLL).toBe(1);
        expect((await own.client.inboxes.list()).inboxes.map(({ inboxId }) => inboxId)).toEqual([own.inboxId]);
        expect((await own.client.threads.list()).threads.map(({ inboxId }) => inboxId)).toEqual([own.inboxId]);
        const threadId = String((await other.client.threads.list()).threads[0]?.threadId);
        for (const call of [
          () => own.client.inboxes.get(other.inboxId),
          () => own.client.threads.get(threadId),
          () => own.client.pods.get(other.podId),
          () => own.client.pods.inboxes.get(own.podId, other.inboxId),
          () => own.client.inboxes.messages.send(other.inboxId, { to: own.inboxId, text: 'x' }),
        ])
          expect(await refusal(call())).toEqual([404, 'not_found']);
      }
      // An inbox of one writes to that of the other as to anybody else.
      const { messageId } = await acme.client.inboxes.messages.send(acme.inboxId, { to: globex.inboxId, text: 'Hi' });
      await expect
        .poll(() => refusal(globex.client.inboxes.messages.get(globex.inboxId, messageId)), POLL)
        .toBe('nothing was refused');

      expect(await refusal(at.client.pods.delete(acme.podId))).toEqual([403, 'cannot_delete']);
      for (const { inboxId } of (await at.client.pods.inboxes.list(acme.podId)).inboxes)
        await at.client.inboxes.delete(inboxId);
      await at.client.pods.delete(acme.podId);
      expect(await refusal(acme.client.inboxes.list())).toEqual([401, 'unknown_api_key']);
      expect(await refusal(at.client.pods.get(acme.podId))).toEqual([404, 'not_found']);
      expect(await deliver([acme.inboxId], '<2@y.com>')).toEqual(['550 5.7.1']);
      expect((await globex.client.inboxes.list()).count).toBe(1);
    },
    LIVE_MS_MAX,
  );
});

describe('a key', () => {
  it(
    'opens its scope, and may there what its permissions say, until it is deleted',
    async () => {
      const [{ podId, inboxId, client }] = await twoPods('second');
      const ofInbox = withKey(await client.inboxes.apiKeys.create(inboxId, { name: 'inbox' }));
      const reading = { inboxRead: true, messageRead: true, apiKeyCreate: true };
      const reader = withKey(await client.inboxes.apiKeys.create(inboxId, { permissions: reading }));
      const { scopeType, ...me } = await ofInbox.client.auth.me();
      expect([scopeType, me.scopeId, me.podId]).toEqual(['inbox', inboxId, podId]);
      expect((await client.auth.me()).scopeType).toBe('pod');

      await expect(reader.client.inboxes.messages.list(inboxId)).resolves.toMatchObject({ count: 0 });
      const mail = { to: inboxId, text: 'x' };
      expect(await refusal(reader.client.inboxes.messages.send(inboxId, mail))).toEqual([403, 'missing_permission']);
      const more = { permissions: { messageRead: true, messageSend: true } };
      const { apiKeys } = reader.client.inboxes;
      expect(await refusal(apiKeys.create(inboxId, more))).toEqual([403, 'permission_escalation']);
      expect(await refusal(apiKeys.create(inboxId, {}))).toEqual([403, 'unrestricted_key_required']);
      const child = await apiKeys.create(inboxId, { permissions: { messageRead: true } });
      expect(child).toMatchObject({ inboxId, podId, permissions: { messageRead: true } });
      expect(await refusal(ofInbox.client.apiKeys.create({}))).toEqual([403, 'forbidden']);
      expect(await refusal(client.pods.create({}))).toEqual([403, 'forbidden']);

      const [mine] = (await client.inboxes.apiKeys.list(inboxId)).apiKeys.filter(({ name }) => name === 'inbox');
      const keyId = String(mine?.apiKeyId);
      await expect.poll(async () => (await client.apiKeys.get(keyId)).usedAt, POLL).toBeInstanceOf(Date);
      const { closed } = await listen(ofInbox.apiKey);
      await client.apiKeys.delete(keyId);
      expect(await refusal(ofInbox.client.inboxes.get(inboxId))).toEqual([401, 'unknown_api_key']);
      await expect.poll(closed, POLL).toBe(1008);
    },
    LIVE_MS_MAX,
  );

  it(
    'hears on its socket of nothing that lies outside of it',
    async () => {
      const [acme, globex] = await twoPods('third');
      const { inboxId: other } = await at.client.pods.inboxes.create(acme.podId, { username: 'other' });
      const ofInbox = withKey(await at.client.inboxes.apiKeys.create(other, {}));
      const all = [acme.inboxId, other, globex.inboxId];
      const sockets: Awaited<ReturnType<typeof listen>>[] = [];
      for (const key of [acme.apiKey, globex.apiKey, ofInbox.apiKey, at.apiKey]) sockets.push(await listen(key));
      await deliver(all, '<1@third.com>');
      const heard = () => sockets.map(({ inboxIds }) => inboxIds());
      const wanted = [[acme.inboxId, other], [globex.inboxId], [other], all].map((ids) => ids.toSorted());
      await expect.poll(heard, POLL).toEqual(wanted);
      await deliver(all, '<2@third.com>');
      await expect.poll(async () => (await at.client.inboxes.messages.list(globex.inboxId)).count, POLL).toBe(2);
      expect(heard()).toEqual(wanted);
      for (const { socket } of sockets) socket.close();
    },
    LIVE_MS_MAX,
  );

  it(
    'that asks too often is told when to come again, which the client does by itself',
    async () => {
      const { apiKey } = withKey(await at.client.apiKeys.create({}));
      const pauses: number[] = [];
      const watched: typeof fetch = async (...asked) => {
        const response = await fetch(...asked);
        if (response.status === 429) pauses.push(Number(response.headers.get('retry-after')));
        return response;
      };
      const client = new AgentMailClient({ apiKey, baseUrl: at.host.url, fetch: watched, maxRetries: 20 });
      const wasTold = () => pauses.length > 0;
      const others = askEagerly(at.host, apiKey, wasTold);
      do {
        const asked = await Promise.all(Array.from({ length: 100 }, () => client.auth.me()));
        expect(new Set(asked.map(({ scopeType }) => scopeType))).toEqual(new Set(['organization']));
      } while (!wasTold());
      await others;
      expect(new Set(pauses)).toEqual(new Set([1]));
    },
    LIVE_MS_MAX,
  );
});
