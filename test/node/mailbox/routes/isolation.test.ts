// The key of an inbox, at every route, with what is not its own: nothing of that is shown, and each refusal is the very one that an id gets
// which never was.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MailPart } from '../../../../node/mailbox/message.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@agents.example.com';
const B = 'b@agents.example.com';
const PART: MailPart = {
  ...{ attachmentId: '1-0badcafe', filename: 'file.txt', contentType: 'text/plain', disposition: 'attachment' },
  ...{ encoding: 'identity', start: 0, end: 2, size: 2 },
};

interface Ids {
  readonly inbox: string;
  readonly message: string;
  readonly thread: string;
  readonly key: string;
}

/** None of them is anything's. */
const NEVER: Ids = {
  ...{ inbox: 'never@agents.example.com', message: '<never@y.com>' },
  ...{ thread: '00000000-0000-4000-8000-000000000000', key: '00000000-0000-4000-8000-000000000001' },
};
const at = encodeURIComponent;
const CHANGE = { add_labels: ['x'] };

/** Those of leases, none of which is alive. */
const leaseRoutes = (inbox: string, message: string) => {
  const ofInbox = `/api/mailbox/inboxes/${at(inbox)}`;
  const ofMessage = ['extend', 'complete', 'release'].map((verb) => `${ofInbox}/messages/${at(message)}/${verb}`);
  return [
    ['POST', `${ofInbox}/claim`, { worker: 'w', labels: ['none'] }] as const,
    ['POST', `${ofInbox}/wait`, { timeout_seconds: 0, labels: ['none'] }] as const,
    ...ofMessage.map((path) => ['POST', path, { lease: 'dead' }] as const),
  ];
};

/** Every route that takes an id, and what it is sent. */
const routes = ({
  inbox,
  message,
  thread,
  key,
}: Ids): readonly (readonly [method: string, path: string, body?: object])[] => {
  const ofInbox = `/v0/inboxes/${at(inbox)}`;
  const ofMessage = `${ofInbox}/messages/${at(message)}`;
  return [
    ['GET', ofInbox],
    ['PATCH', ofInbox, { display_name: 'x' }],
    ['DELETE', ofInbox],
    ['GET', `${ofInbox}/messages`],
    ['GET', ofMessage],
    ['GET', `${ofMessage}/raw`],
    ['GET', `${ofMessage}/attachments/${PART.attachmentId}`],
    ['PATCH', ofMessage, CHANGE],
    ['DELETE', ofMessage],
    ['POST', `${ofInbox}/messages/batch-get`, { message_ids: [message] }],
    ['POST', `${ofInbox}/messages/batch-update`, { message_ids: [message], ...CHANGE }],
    ['GET', `/api/mailbox/inboxes/${at(inbox)}/messages/${at(message)}/preview`],
    ['GET', `/api/mailbox/inboxes/${at(inbox)}/settings`],
    ['PUT', `/api/mailbox/inboxes/${at(inbox)}/settings`, { retention_days: 1 }],
    ['GET', `${ofInbox}/threads`],
    ...[ofInbox, '/v0'].flatMap((root) => [
      ['GET', `${root}/threads/${thread}`] as const,
      ['GET', `${root}/threads/${thread}/attachments/${PART.attachmentId}`] as const,
      ['PATCH', `${root}/threads/${thread}`, CHANGE] as const,
      ['DELETE', `${root}/threads/${thread}`] as const,
      ['GET', `${root}/api-keys/${key}`] as const,
      ['PATCH', `${root}/api-keys/${key}`, { name: 'x' }] as const,
      ['DELETE', `${root}/api-keys/${key}`] as const,
    ]),
    ['GET', `${ofInbox}/api-keys`],
    ['POST', `${ofInbox}/api-keys`, {}],
    ['GET', `${ofInbox}/no-such-route`],
    ['POST', `/api/mailbox/inboxes/${at(inbox)}/no-such-route`, {}],
    ...leaseRoutes(inbox, message),
  ];
};

describe('the key of an inbox', () => {
  let node: MailboxNode;
  let writer: Writer;
  let ids: Readonly<Record<'a' | 'b', Ids & { readonly text: string }>>;

  beforeEach(async () => {
    node = await mailboxNode();
    const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
    for (const username of ['a', 'b']) await node.v0('POST', '/inboxes', { username });
    writer = await Writer.open({ ...made, directory: node.directory });
    const idsOf = async (inbox: string) => {
      const content = { headerId: `<of-${inbox}>`, parts: [PART] };
      const [stored] = await writer.store(receivedMail({ to: [inbox], content }));
      const { body } = await node.v0('POST', `/inboxes/${inbox}/api-keys`, {});
      const [message, thread] = [String(stored?.messageId), String(stored?.threadId)];
      return { inbox, message, thread, key: String(body.api_key_id), text: String(body.api_key) };
    };
    ids = { a: await idsOf(A), b: await idsOf(B) };
  });

  afterEach(async () => {
    writer.close();
    await node[Symbol.asyncDispose]();
  });

  /** The whole answer to who has the key of inbox A, but for when it was given; ids that were asked for are `ID`. */
  const answer = async ([method, path, body]: ReturnType<typeof routes>[number], asked: Ids) => {
    const response = await node.node.fetch(
      new Request(`http://localhost${path}`, {
        method,
        headers: { host: 'localhost', authorization: `Bearer ${ids.a.text}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
    const headers = [...response.headers].filter(([name]) => name !== 'date' && name !== 'content-length');
    const shown = [asked.inbox, at(asked.inbox), asked.message, at(asked.message), asked.thread, asked.key];
    const text = shown.reduce((said, id) => said.replaceAll(id, 'ID'), await response.text());
    return { status: response.status, headers, text };
  };

  it('finds another inbox, and all that is of it, as it finds what never was', async () => {
    for (const [index, route] of routes(ids.b).entries()) {
      const foreign = await answer(route, ids.b);
      const never = routes(NEVER)[index];
      expect([route, foreign.status]).toEqual([route, 404]);
      expect([route, foreign]).toEqual([route, await answer(never as typeof route, NEVER)]);
    }
    expect((await node.v0('GET', `/inboxes/${B}`)).body).not.toHaveProperty('display_name');
    expect((await node.v0('GET', `/inboxes/${B}/messages`)).body.count).toBe(1);
  });

  it('finds the mails, threads and keys of another inbox in its own as it finds what never was', async () => {
    const [foreignHere, neverHere] = [
      { ...ids.b, inbox: A },
      { ...NEVER, inbox: A },
    ];
    const own = routes(foreignHere).flatMap((route, index) =>
      [ids.b.message, ids.b.thread, ids.b.key].some((id) => route[1].includes(at(id))) ? [[route, index] as const] : [],
    );
    expect(own.length).toBeGreaterThan(15);
    for (const [route, index] of own) {
      const foreign = await answer(route, foreignHere);
      expect([route, foreign.status]).toEqual([route, 404]);
      expect([route, foreign]).toEqual([route, await answer(routes(neverHere)[index] as typeof route, neverHere)]);
    }
  });

  it('opens all that is of its own', async () => {
    for (const route of routes(ids.a).filter(([method, path]) => method !== 'DELETE' && !path.includes('no-such')))
      expect([route, (await answer(route, ids.a)).status]).toEqual([
        route,
        JSON.stringify(route).includes('dead') ? 409 : 200,
      ]);
  });

  it('lists nothing that is of another inbox', async () => {
    for (const path of [
      '/inboxes',
      '/inboxes/search?q=agents',
      '/threads',
      '/threads?include_trash=true',
      '/api-keys',
    ]) {
      const { text } = await answer(['GET', `/v0${path}`], NEVER);
      expect([path, text]).toEqual([path, expect.stringContaining('"count":1')]);
      for (const id of [B, ids.b.message, ids.b.thread, ids.b.key]) expect(text).not.toContain(id);
    }
  });

  it('makes nothing above itself, and finds no route that is not told to keep to its inbox', async () => {
    for (const path of ['/v0/inboxes', '/v0/api-keys'])
      expect(await answer(['POST', path, {}], NEVER)).toMatchObject({
        status: 403,
        text: expect.stringContaining('forbidden'),
      });
    for (const path of ['/v0/organizations', '/v0/webhooks', '/v0/pods', '/api/mailbox/ingest', '/api/mailbox/where'])
      expect(await answer(['GET', path], NEVER)).toMatchObject({
        status: 404,
        text: expect.stringContaining(`There is no route GET ${path}`),
      });
  });
});
