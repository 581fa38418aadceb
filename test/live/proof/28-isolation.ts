// Step 28: what a key may not find is answered as what never was, octet for octet but the time, at every route that the node has, and no
// socket says a word of it. test/node/mailbox/routes/isolation.test.ts mixes what is one's own and what is not in every way; here the octets are
// those of a real connection.
import { setTimeout as pause } from 'node:timers/promises';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PERMISSIONS, type Permission } from '../../../node/mailbox/permission.ts';
import {
  HIDING,
  handOver,
  type Isolated,
  isolatedOwners,
  type LiveOwner,
  removeOwners,
} from '../../support/isolated-owners.ts';
import { firstWrong, holds, homeOf, masked, mixtures, type Named, ownOf, picking } from '../../support/isolation.ts';
import { mailOf } from '../../support/live-mailbox.ts';
import { type Heard, listening } from '../../support/proof-keys.ts';
import type { ProofSteps, ProofWorld } from '../../support/proof-world.ts';
import { ID_KINDS, type IdKind, requestTo, type TableRoute } from '../../support/route-requests.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';
import { publish } from '../../support/zone.ts';

const CALLERS = ['organization', 'pod A', 'pod B', 'inbox A1', 'inbox A2', 'inbox B1'];
/** Requests on their way at the same time. */
const TOGETHER = 8;
const POLL = { timeout: LIVE_MS_MAX };

interface Asked {
  readonly named: readonly Named[];
  /** What is named as something that never was. */
  readonly never?: Named | undefined;
}

/** An id as long as that, of nothing: two answers may differ in no octet, and so not in their lengths either. */
const neverLike = (id: string) =>
  /^[\da-f]{8}-/.test(id)
    ? id.replace(/^.{8}/, '00000000')
    : id.replace(/^<?[^@.]*/, (word) => word.replaceAll(/[a-z\d]/g, 'z'));

let asked = 0;

/** The whole answer, but for when it was given; asked again where a key has asked too often. */
async function answerTo(make: (text: string) => Request, texts: readonly string[]) {
  for (let tries = 0; ; tries += 1) {
    const response = await fetch(make(texts[(asked + tries) % texts.length] as string));
    const text = await response.text();
    if (response.status !== 429) {
      asked += 1;
      return { status: response.status, headers: [...response.headers].filter(([name]) => name !== 'date'), text };
    }
    await pause(1_000 * Number(response.headers.get('retry-after')));
  }
}

export const isolation: ProofSteps = (world) => {
  describe('28 isolation', () => {
    let isolated: Isolated;
    let table: readonly TableRoute[];

    beforeAll(async () => {
      const { host, apiKey } = world();
      isolated = await isolatedOwners(world(), 'apart');
      const answer = await fetch(`${host.url}/api/mailbox/routes`, { headers: { authorization: `Bearer ${apiKey}` } });
      table = ((await answer.json()) as { routes: TableRoute[] }).routes;
    }, LIVE_MS_MAX);
    afterAll(() => removeOwners(world(), isolated?.owners ?? []), LIVE_MS_MAX);

    const ownerOf = (name: string) => isolated.owners.find((one) => one.name === name) as LiveOwner;
    const ask = (route: TableRoute, texts: readonly string[], { named, never }: Asked) => {
      const nevers = never && { [never.kind]: neverLike(String(never.owner.ids[never.kind])) };
      const pick = (isInBody: boolean) => picking(named, isInBody, never, nevers as Record<IdKind, string>);
      const { attachmentId } = isolated;
      const parts = { inPath: pick(false), inBody: pick(true), attachmentId, origin: world().host.url };
      return answerTo((text) => requestTo(route, { ...parts, text }), texts);
    };
    /** That what is named is answered as what never was. */
    const compare = async (route: TableRoute, texts: readonly string[], named: readonly Named[], wrong: Named) => {
      const id = String(wrong.owner.ids[wrong.kind]);
      const what = [route.method, route.path, ...named.map(({ kind, owner }) => `${kind} of ${owner.name}`)];
      const given = await ask(route, texts, { named });
      const never = await ask(route, texts, { named, never: wrong });
      if (!wrong.isInBody) expect([what, [403, 404]]).toEqual([what, expect.arrayContaining([given.status])]);
      const texted = (answer: typeof given, said: string) => ({ ...answer, text: masked(answer.text, [said]) });
      expect([what, texted(given, id)]).toEqual([what, texted(never, neverLike(id))]);
    };
    /** Of the other scopes one of each level. */
    const othersOf = (caller: LiveOwner) => {
      const outside = isolated.owners.filter((one) => !holds(caller, one) || caller.name === 'organization');
      const levels = Map.groupBy(outside, (one) => `${one.inbox === undefined} ${one.pod === caller.pod}`);
      return [...levels.values()].flatMap(([first]) => first ?? []);
    };

    it.each(CALLERS)('28 the key of %s: each route answers what lies outside as what never was', async (name) => {
      const caller = ownerOf(name);
      const limited = pLimit(TOGETHER);
      const home = homeOf(isolated.owners, caller);
      const comparisons = table.flatMap((route) =>
        othersOf(caller).flatMap((other) => {
          const all = [...mixtures(route, home, other)];
          // All of it is the other's, or only what is named last.
          return [...new Set([all.at(-1), all[all.length >> 1]])].flatMap((named) => {
            const wrong = named && firstWrong(caller, named);
            return wrong === undefined
              ? []
              : [limited(() => compare(route, caller.texts, named as readonly Named[], wrong))];
          });
        }),
      );
      await Promise.all(comparisons);
      expect(comparisons.length).toBeGreaterThan(30);
    });

    it.each(CALLERS)('28 the key of %s: no answer of 200 has an id that lies outside', async (name) => {
      const caller = ownerOf(name);
      const home = homeOf(isolated.owners, caller);
      const foreign = foreignIds(isolated.owners, caller, home);
      let shown = 0;
      for (const route of table.filter(({ method }) => method === 'GET')) {
        const { status, text } = await ask(route, caller.texts, { named: ownOf(route, home) });
        if (status === 200) shown += 1;
        expect([route, foreign.filter((id) => text.includes(id))]).toEqual([route, []]);
      }
      expect(shown).toBeGreaterThan(20);
    });

    /** A key of the organization that may do everything but that. */
    const keyWithout = async (off: Permission) => {
      const permissions = Object.fromEntries(PERMISSIONS.map((one) => [one, one !== off]));
      const made = await fetch(`${world().host.url}/v0/api-keys`, {
        ...{ method: 'POST', body: JSON.stringify({ permissions }) },
        headers: { authorization: `Bearer ${world().apiKey}`, 'content-type': 'application/json' },
      });
      const { api_key: apiKey, api_key_id: apiKeyId } = (await made.json()) as { api_key: string; api_key_id: string };
      return { apiKey, keyId: apiKeyId };
    };

    it('28 a key without one permission: 403 at each route that takes it, whatever is there', async () => {
      const home = ownerOf('inbox A1');
      let taken = 0;
      for (const permission of PERMISSIONS) {
        const { apiKey, keyId } = await keyWithout(permission);
        const routes = table.filter(({ needs }) => needs.includes(permission));
        for (const route of routes) {
          const named = ownOf(route, home);
          const given = await ask(route, [apiKey], { named });
          const said = expect.stringContaining(`'${permission}'`);
          expect([route, given]).toMatchObject([route, { status: 403, text: said }]);
          for (const never of named)
            expect([route, await ask(route, [apiKey], { named, never })]).toEqual([route, given]);
        }
        if (routes.length > 0) taken += 1;
        await world().client.apiKeys.delete(keyId);
      }
      expect(taken).toBeGreaterThan(25);
    });

    it.each(HIDING)(
      '28 a key that may not read %s: what has that label is at each route what never was',
      async (label) => {
        const { apiKey, keyId } = await keyWithout(`label_${label}_read`);
        const home = ownerOf('inbox A1');
        const under = { ...home, ids: { ...home.ids, ...isolated.hidden[label] } };
        let compared = 0;
        for (const route of table) {
          const named = ownOf(route, under);
          for (const one of named.filter(({ kind }) => kind === 'message' || kind === 'thread')) {
            const ids = [String(under.ids[one.kind]), neverLike(String(under.ids[one.kind]))];
            const answers = [await ask(route, [apiKey], { named }), await ask(route, [apiKey], { named, never: one })];
            const [given, never] = answers.map((answer) => ({ ...answer, text: masked(answer.text, ids) }));
            expect([route, given]).toEqual([route, never]);
            compared += 1;
          }
        }
        expect(compared).toBeGreaterThan(20);
        await world().client.apiKeys.delete(keyId);
      },
    );

    it('28 sockets: each key hears of its own, and no frame has an id that lies outside', async () => {
      await using stack = new AsyncDisposableStack();
      const heard = new Map<string, Heard>();
      for (const name of CALLERS) {
        const { client } = ownerOf(name);
        const eventTypes = ['message.received', 'message.received.unauthenticated', 'domain.verified'] as const;
        heard.set(name, stack.use(await listening(client, { eventTypes: [...eventTypes] })));
      }
      for (const one of heard.values()) await one.hears(1);
      const events = await happen(world(), isolated.owners);
      for (const name of CALLERS) {
        const caller = ownerOf(name);
        const { frames } = heard.get(name) as Heard;
        const own = events.filter(({ owner }) => holds(caller, owner));
        const told = () => frames.slice(1).map((frame) => subjectOf(JSON.parse(frame)));
        // The last mail of each inbox came behind all else.
        await expect.poll(() => told().toSorted(), POLL).toEqual(own.map(({ subject }) => subject).toSorted());
        const foreign = foreignIds(isolated.owners, caller, homeOf(isolated.owners, caller));
        const others = events.filter(({ owner }) => !holds(caller, owner)).map(({ id }) => id);
        expect([name, [...foreign, ...others].filter((id) => frames.join('').includes(id))]).toEqual([name, []]);
      }
    });

    it.each(CALLERS.slice(1))(
      '28 the socket of %s is told the same of what lies outside as of what never was',
      async (name) => {
        const caller = ownerOf(name);
        await using all = await listening(ownerOf('organization').client, {});
        await all.hears(1);
        const outside = isolated.owners.filter((one) => one.inbox !== undefined && !holds(caller, one));
        const [other] = outside.filter(({ pod }) => pod !== caller.pod);
        const id = `<since-${name.replace(' ', '-').toLowerCase()}@y.com>`;
        await handOver(world().smtp, 'EHLO', String(other?.inbox), mailOf(id, 'Hello', '', 'See it.'));
        const about = () => all.frames.find((frame) => frame.includes(id));
        await expect.poll(about, POLL).toBeDefined();
        const { event_id: eventId } = JSON.parse(about() ?? '') as { event_id: string };
        const told = async (wanted: object, since?: string) => {
          await using one = await listening(caller.client, wanted, since);
          await one.hears(1);
          return one.frames[0];
        };
        for (const { inbox = '' } of outside)
          expect(await told({ inboxIds: [inbox] })).toBe(await told({ inboxIds: [neverLike(inbox)] }));
        for (const { pod = '' } of outside.filter(({ pod }) => caller.inbox !== undefined || pod !== caller.pod))
          expect(await told({ podIds: [pod] })).toBe(await told({ podIds: [neverLike(pod)] }));
        const never = neverLike(eventId);
        expect((await told({}, eventId))?.replaceAll(eventId, never)).toBe(await told({}, never));
        expect(JSON.parse((await told({}, never)) ?? '')).toMatchObject({ type: 'error', name: 'NotFoundError' });
      },
    );
  });
};

/** Ids of what the caller may not find; it knows the pod in which it is. */
function foreignIds(
  owners: readonly LiveOwner[],
  caller: LiveOwner,
  home: { readonly pod?: string },
): readonly string[] {
  return owners
    .filter((one) => !holds(caller, one))
    .flatMap(({ ids, pod }) =>
      ID_KINDS.flatMap((kind) => (kind === 'pod' && pod === home.pod ? [] : (ids[kind] ?? []))),
    );
}

interface Happened {
  readonly owner: LiveOwner;
  /** What a frame is about, and an id in it. */
  readonly subject: string;
  readonly id: string;
}

function subjectOf({
  event_type: type,
  message,
  domain,
}: {
  readonly event_type: string;
  readonly message?: { readonly message_id: string };
  readonly domain?: { readonly domain_id: string };
}): string {
  return `${type} ${message?.message_id ?? domain?.domain_id}`;
}

/** To each inbox comes a mail, one of which nobody knows whose it is, and a last one; each domain is verified. */
async function happen(world: ProofWorld, owners: readonly LiveOwner[]): Promise<readonly Happened[]> {
  const { client, zone, smtp, lmtp } = world;
  const happened: Happened[] = [];
  for (const owner of owners.filter(({ ids }) => ids.domain !== undefined)) {
    const id = String(owner.ids.domain);
    publish(zone, (await client.domains.get(id)).records);
    await client.domains.verify(id);
    happened.push({ owner, id, subject: `domain.verified ${id}` });
  }
  const inboxes = owners.filter(({ inbox }) => inbox !== undefined);
  for (const [word, hello, type] of [
    ['first', 'EHLO', 'message.received'],
    ['nobody', 'LHLO', 'message.received.unauthenticated'],
    ['last', 'EHLO', 'message.received'],
  ] as const)
    for (const owner of inboxes) {
      const id = `<${word}-${owner.ids.draft}@y.com>`;
      const port = hello === 'EHLO' ? smtp : lmtp;
      await handOver(port, hello, String(owner.inbox), mailOf(id, 'Hello', '', 'See it.'));
      happened.push({ owner, id, subject: `${type} ${id}` });
    }
  return happened;
}
