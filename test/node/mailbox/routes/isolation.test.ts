// Every route as its table has it, with every kind of key, and with what is of every other scope: nothing of that is shown, and each answer is
// the very one that an id gets which never was. A route that is put in later is asked as well (test/support/route-requests.ts).
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MailPart } from '../../../../node/mailbox/message.ts';
import { PERMISSIONS, type Permission } from '../../../../node/mailbox/permission.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import {
  firstWrong,
  holds,
  homeOf,
  masked,
  mixtures,
  type Named,
  type Owner,
  ownOf,
  picking,
} from '../../../support/isolation.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { receivedMail } from '../../../support/mails.ts';
import { ATTACHMENT_ID, ID_KINDS, NEVER, requestTo, type TableRoute } from '../../../support/route-requests.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { LIVE_MS_MAX } from '../../../support/time-bounds.ts';

const PART: MailPart = {
  ...{ attachmentId: ATTACHMENT_ID, filename: 'file.txt', contentType: 'text/plain', disposition: 'attachment' },
  ...{ encoding: 'identity', start: 0, end: 2, size: 2 },
};
const HOOK = { url: 'http://127.0.0.1:9/hook', event_types: ['message.received'] };

let node: MailboxNode;
let writer: Writer;
let table: readonly TableRoute[];
let owners: readonly Owner[];
/** Mails, each with its thread, of inbox A1 that have a label by which they are hidden. */
let hidden: Readonly<Record<'spam' | 'blocked' | 'unauthenticated' | 'trash', Owner['ids']>>;

const LABELS = ['spam', 'blocked', 'unauthenticated', 'trash'] as const;
const CALLERS = ['organization', 'pod A', 'pod B', 'inbox A1', 'inbox A2', 'inbox B1'];
const ownerOf = (name: string) => owners.find((one) => one.name === name) as Owner;

beforeEach(async () => {
  node = await mailboxNode();
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...made, directory: node.directory });
  let entries = 0;
  const ofScope = async (path: string) => {
    const { body: key } = await node.v0('POST', `${path}/api-keys`, {});
    const { body: webhook } = await node.v0('POST', `${path}/webhooks`, HOOK);
    const entry = `${entries++}.example`;
    await node.v0('POST', `${path}/lists/receive/block`, { entry });
    const brought = { domain: `mail.${entry}`, allow_conflicting_provider: true };
    // An inbox has none.
    const { domain_id: domain } = (await node.v0('POST', `${path}/domains`, brought)).body;
    return { text: String(key.api_key), key: key.api_key_id, webhook: webhook.webhook_id, entry, domain };
  };
  const store = async (inbox: string, raw: string, labels: readonly string[] = []) => {
    const content = { headerId: `<${raw}@y.com>`, subject: raw, parts: [PART] };
    const [stored] = await writer.store(receivedMail({ to: [inbox], content, raw, labels }));
    return { inbox, message: String(stored?.messageId), thread: String(stored?.threadId) };
  };
  const podOwner = async (name: string, pod: string): Promise<Owner> => {
    const { text, ...ids } = await ofScope(`/pods/${pod}`);
    return { name, pod, text, ids: { pod, ...ids } };
  };
  const inboxOwner = async (name: string, pod: string): Promise<Owner> => {
    const username = name.replace('inbox ', '').toLowerCase();
    const { inbox_id: inbox } = (await node.v0('POST', `/pods/${pod}/inboxes`, { username })).body;
    const { text, ...ids } = await ofScope(`/inboxes/${inbox}`);
    const draft = String((await node.v0('POST', `/inboxes/${inbox}/drafts`, { subject: name })).body.draft_id);
    return { name, pod, inbox, text, ids: { pod, draft, ...ids, ...(await store(inbox, `of-${username}`)) } };
  };
  const [a, b] = [await node.v0('POST', '/pods', { name: 'A' }), await node.v0('POST', '/pods', { name: 'B' })];
  const [podA, podB] = [String(a.body.pod_id), String(b.body.pod_id)];
  const [standard] = (await node.v0('GET', '/pods?ascending=true')).body.pods;
  const { text, ...ids } = await ofScope('');
  owners = [
    { name: 'organization', text, ids },
    await podOwner('pod A', podA),
    await podOwner('pod B', podB),
    await inboxOwner('inbox A1', podA),
    await inboxOwner('inbox A2', podA),
    await inboxOwner('inbox B1', podB),
    await inboxOwner('inbox D', standard.pod_id),
  ];
  const a1 = ownerOf('inbox A1').inbox ?? '';
  const under = async (label: keyof typeof hidden) => {
    const named = await store(a1, label);
    await node.v0('PATCH', `/inboxes/${a1}/messages/${encodeURIComponent(named.message)}`, { add_labels: [label] });
    return named;
  };
  hidden = {
    ...{ spam: await under('spam'), blocked: await under('blocked') },
    ...{ unauthenticated: await under('unauthenticated'), trash: await under('trash') },
  };
  table = (await node.own('GET', '/routes')).body.routes;
}, LIVE_MS_MAX);

afterEach(async () => {
  writer.close();
  await node[Symbol.asyncDispose]();
});

/** The whole answer, but for when it was given. */
const ask = async (request: Request) => {
  // As often as a key may ask.
  await node.clock.advance(20);
  const response = await node.node.fetch(request);
  const headers = [...response.headers].filter(([name]) => name !== 'date' && name !== 'content-length');
  return { status: response.status, headers, text: await response.text() };
};

const asked = (route: TableRoute, text: string, named: readonly Named[], never?: Named) =>
  ask(requestTo(route, { inPath: picking(named, false, never), inBody: picking(named, true, never), text }));

describe.each(CALLERS)('with the key of %s', (name) => {
  it(
    'what lies outside is at every route what never was',
    async () => {
      const caller = ownerOf(name);
      let compared = 0;
      for (const route of table)
        for (const other of owners)
          for (const named of mixtures(route, homeOf(owners, caller), other)) {
            const wrong = firstWrong(caller, named);
            if (wrong === undefined) continue;
            const what = [route.method, route.path, ...named.map(({ kind, owner }) => `${kind} of ${owner.name}`)];
            const ids = [String(wrong.owner.ids[wrong.kind]), NEVER[wrong.kind]];
            const given = await asked(route, caller.text, named);
            const never = await asked(route, caller.text, named, wrong);
            if (!wrong.isInBody) expect([what, [403, 404]]).toEqual([what, expect.arrayContaining([given.status])]);
            expect([what, { ...given, text: masked(given.text, ids) }]).toEqual([
              what,
              { ...never, text: masked(never.text, ids) },
            ]);
            compared += 1;
          }
      expect(compared).toBeGreaterThan(100);
    },
    LIVE_MS_MAX,
  );

  it(
    'no list has anything that lies outside',
    async () => {
      const caller = ownerOf(name);
      const home = homeOf(owners, caller);
      const outside = owners
        .filter((one) => !holds(caller, one))
        .flatMap(({ ids, pod }) =>
          ID_KINDS.flatMap((kind) => (kind === 'pod' && pod === home.pod ? [] : (ids[kind] ?? []))),
        );
      const shown: string[] = [];
      for (const route of table.filter(({ method }) => method === 'GET')) {
        const { status, text } = await asked(route, caller.text, ownOf(route, home));
        if (status === 200) shown.push(route.path);
        expect([route, outside.filter((id) => text.includes(id))]).toEqual([route, []]);
      }
      expect(shown.length).toBeGreaterThan(20);
    },
    LIVE_MS_MAX,
  );
});

/** A key of the organization that may do everything but that. */
const keyWithout = async (...off: readonly Permission[]) => {
  const permissions = Object.fromEntries(PERMISSIONS.map((one) => [one, !off.includes(one)]));
  return String((await node.v0('POST', '/api-keys', { permissions })).body.api_key);
};

describe('a key without one permission', () => {
  const refusedAt = async (permission: Permission): Promise<number> => {
    const text = await keyWithout(permission);
    const home = ownerOf('inbox A1');
    let refused = 0;
    for (const route of table) {
      const isTaken = route.needs.includes(permission);
      if (!isTaken && route.method !== 'GET') continue;
      const named = ownOf(route, home);
      const given = await asked(route, text, named);
      if (isTaken) {
        expect([route, given]).toMatchObject([
          route,
          { status: 403, text: expect.stringContaining(`'${permission}'`) },
        ]);
        for (const one of named) expect([route, await asked(route, text, named, one)]).toEqual([route, given]);
        refused += 1;
      } else if (!route.needs.includes('organization_key'))
        expect([route, given.text]).toEqual([route, expect.not.stringContaining('missing_permission')]);
    }
    return refused;
  };

  it(
    'is refused at each route that takes it, whatever there is, and is let in at the others',
    async () => {
      const untaken: Permission[] = [];
      for (const permission of PERMISSIONS) if ((await refusedAt(permission)) === 0) untaken.push(permission);
      expect(untaken).toEqual(expect.arrayContaining(['provider_connect', 'provider_share_owner']));
      expect(PERMISSIONS.length - untaken.length).toBeGreaterThan(18);
    },
    LIVE_MS_MAX,
  );
});

describe.each(LABELS)('a key that may not read %s', (label) => {
  it('finds what has that label nowhere, and as it finds what never was', async () => {
    const [text, home] = [await keyWithout(`label_${label}_read`), ownerOf('inbox A1')];
    const under: Owner = { ...home, ids: { ...home.ids, ...hidden[label] } };
    let compared = 0;
    for (const route of table) {
      const named = ownOf(route, under);
      for (const one of named.filter(({ kind }) => kind === 'message' || kind === 'thread')) {
        const ids = [String(under.ids[one.kind]), NEVER[one.kind]];
        const [given, never] = [await asked(route, text, named), await asked(route, text, named, one)];
        expect([route, { ...given, text: masked(given.text, ids) }]).toEqual([
          route,
          { ...never, text: masked(never.text, ids) },
        ]);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(20);
    const all = LABELS.map((one) => `include_${one}=true`).join('&');
    const mine = { authorization: `Bearer ${text}` };
    for (const path of [`/threads`, `/inboxes/${home.inbox}/threads`, `/inboxes/${home.inbox}/messages`]) {
      const whole = (await node.v0('GET', `${path}?${all}&limit=100`)).body;
      expect(whole).toHaveProperty('count');
      const { body } = await node.v0('GET', `${path}?${all}&limit=100`, undefined, mine);
      expect([path, body.count]).toEqual([path, whole.count - 1]);
      expect(JSON.stringify(body)).not.toContain(String(hidden[label].thread));
    }
    const { body: events } = await node.v0('GET', `/inboxes/${home.inbox}/events?limit=100`, undefined, mine);
    expect(JSON.stringify(events)).not.toContain(String(hidden[label].message));
    expect(events.count).toBeGreaterThan(0);
  });
});
