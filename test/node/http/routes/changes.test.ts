// The stream of changes in its two forms, which promise the same and so are tried side by side.
// Longer than 300 lines: one promise in two forms, whose cases stand side by side.
import { describe, expect, it } from 'vitest';
import type { AgentId, HostId } from '../../../../mesh/names.ts';
import { payloadOf } from '../../../../node/changes/payload.ts';
import { changesNode, Listener } from '../../../support/listening.ts';
import { heardEntry, mailEntry, nothing, ownEntry } from '../../../support/log-entries.ts';

const OTHER_LOG = 'f'.repeat(32);
const LINES = { accept: 'application/x-ndjson' };

/** Three entries of each kind: 1 and 2 of this host, 3 of mail, 4 of another host. */
async function fourChanges() {
  const node = await changesNode();
  const agent = { id: 'a2' as AgentId, name: 'b', hostId: 'mac' as HostId };
  await node.changes.append([ownEntry(1), ownEntry(2, { event: 'agent.deleted', agent }), mailEntry(3)], [], nothing);
  await node.changes.hear([heardEntry(4, { event: 'agent.renamed' })], [], nothing);
  return node;
}

const ids = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).id);

describe('GET /api/changes', () => {
  it('tells what happens from now on, in the bytes of the webhook, each with its cursor', async () => {
    const { get, changes, cursor } = await changesNode();
    await changes.append([ownEntry(1)], [], nothing);
    const response = await get();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const listener = new Listener(response);
    expect(await listener.piece()).toBe(`retry: 1000\nid: ${cursor(1)}\n\n`);
    const coming = listener.piece();
    await changes.append([ownEntry(2), ownEntry(3)], [], nothing);
    const [, two, three] = await changes.read(0, 10);
    if (two === undefined || three === undefined) throw new Error('Both are in the log.');
    const told = (entry: typeof two) => `id: ${cursor(entry.seq)}\ndata: ${Buffer.from(payloadOf(entry))}\n\n`;
    expect(await coming).toBe(told(two) + told(three));
    await listener.leave();
  });

  it.each([
    ['since', '?since=CURSOR', {}],
    ['Last-Event-ID', '', { 'last-event-id': 'CURSOR' }],
    ['Last-Event-ID, which a client that comes back sends beside since', '?since=now', { 'last-event-id': 'CURSOR' }],
    ['since beside an empty Last-Event-ID', '?since=CURSOR', { 'last-event-id': '' }],
  ])('goes on after the cursor in %s', async (_, query, headers) => {
    const { get, cursor } = await fourChanges();
    const withCursor = <Asked>(asked: Asked): Asked =>
      JSON.parse(JSON.stringify(asked).replace('CURSOR', cursor(2))) as Asked;
    const listener = new Listener(await get(withCursor(query), withCursor({ ...headers })));
    const events = await listener.events();
    expect(events?.map(({ id }) => id)).toEqual([cursor(3), cursor(4)]);
    await listener.leave();
  });

  it.each([
    ['', ['entry-1', 'entry-2', 'entry-3', 'heard-4']],
    ['&scope=mesh', ['entry-1', 'entry-2', 'entry-3', 'heard-4']],
    ['&scope=host', ['entry-1', 'entry-2', 'entry-3']],
    ['&events=agent.deleted', ['entry-2']],
    ['&events=email.sent,agent.updated', ['entry-1', 'entry-3']],
    ['&agentId=a2', ['entry-2']],
    ['&agentId=p1', ['heard-4']],
    ['&agentId=p1&scope=host', []],
    ['&other=1', ['entry-1', 'entry-2', 'entry-3', 'heard-4']],
  ])('tells of %s only what is asked for', async (query, expected) => {
    const { get, cursor } = await fourChanges();
    const response = await get(`?since=${cursor(0)}&waitMs=0${query}`, LINES);
    expect(ids(await response.text())).toEqual(expected);
    expect(response.headers.get('mesh-cursor')).toBe(cursor(4));
  });

  it.each([
    ['?since=yesterday', {}, 'invalid_request', 'since'],
    ['?since=', {}, 'invalid_request', 'since'],
    [`?since=${OTHER_LOG}:01`, {}, 'invalid_request', 'since'],
    [`?since=${OTHER_LOG}`, {}, 'invalid_request', 'since'],
    ['', { 'last-event-id': '7' }, 'invalid_request', 'Last-Event-ID'],
    ['?since=now&since=now', {}, 'invalid_request', 'since'],
    ['?scope=world', {}, 'invalid_request', 'scope'],
    ['?agentId=a%20b', {}, 'invalid_request', 'agentId'],
    ['?waitMs=25001', LINES, 'invalid_request', 'waitMs'],
    ['?waitMs=-1', LINES, 'invalid_request', 'waitMs'],
    ['?waitMs=', LINES, 'invalid_request', 'waitMs'],
    ['?waitMs=1e3', LINES, 'invalid_request', 'waitMs'],
    ['?events=agent.created,agent.moved', {}, 'unknown_event', 'events[1]'],
    ['?events=', {}, 'unknown_event', 'events[0]'],
  ])('refuses %s %j with 400', async (query, headers, error, field) => {
    const { get } = await changesNode();
    const response = await get(query, { ...headers });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error, field });
  });

  it('lists the events that there are to who asks for another', async () => {
    const { get } = await changesNode();
    const { known } = (await (await get('?events=agent.moved')).json()) as { known: string[] };
    expect(known).toEqual(expect.arrayContaining(['agent.created', 'email.bounced']));
  });

  it.each([
    ['of another log', () => `${OTHER_LOG}:2`, /another log/],
    ['beyond the end', (cursor: (seq: number) => string) => cursor(5), /ends at 4/],
    ['of what was trimmed', (cursor: (seq: number) => string) => cursor(1), /position 3/],
  ])('answers 410 to a cursor %s, and says where to start over', async (_, made, why) => {
    const { get, changes, cursor } = await fourChanges();
    await changes.forget(await changes.read(0, 2));
    for (const [query, headers] of [[`?since=${made(cursor)}`, {}] as const, ['', LINES] as const]) {
      const response = await get(query, { ...headers, 'last-event-id': made(cursor) });
      expect(response.status).toBe(410);
      const { message, ...body } = (await response.json()) as { message: string };
      expect(message).toMatch(why);
      expect(body).toEqual({ error: 'gone', since: cursor(2), now: cursor(4) });
    }
    const oldest = await get(`?since=${cursor(2)}&waitMs=0`, LINES);
    expect(ids(await oldest.text())).toEqual(['entry-3', 'heard-4']);
  });

  it('says something every 15 s, and moves the cursor over what is not wanted', async () => {
    const { get, changes, clock, cursor } = await changesNode();
    const listener = new Listener(await get('?agentId=a9'));
    await listener.piece();
    const first = listener.piece();
    await clock.advance(14_000);
    await changes.append([ownEntry(1)], [], nothing);
    await clock.advance(1_000);
    expect(await first).toBe(`:\nid: ${cursor(1)}\n\n`);
    const second = listener.piece();
    await clock.advance(15_000);
    expect(await second).toBe(`:\nid: ${cursor(1)}\n\n`);
    await listener.leave();
    await clock.settle();
    expect(clock.sleepers).toBe(0);
  });

  it.each([
    ['many', 700, 0],
    ['large', 40, 10_000],
    ['larger than a part', 3, 100_000],
  ])('hands over %s changes in parts of about 64 KiB, and all in order', async (_, count, fieldCharacters) => {
    const { get, changes, cursor } = await changesNode();
    const fields = ['x'.repeat(fieldCharacters)];
    const many = Array.from({ length: count }, (__, at) =>
      ownEntry(at + 1, { changes: { added: [], removed: [], modified: [], current: [], fields } }),
    );
    await changes.append(many, [], nothing);
    const listener = new Listener(await get(`?since=${cursor(0)}`));
    await listener.piece();
    const heard: (string | undefined)[] = [];
    while (heard.length < count) {
      const ids = [...String(await listener.piece()).matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
      expect(ids.length === 1 || ids.length * (fieldCharacters + 250) < 80_000).toBe(true);
      heard.push(...ids);
    }
    expect(heard).toEqual(many.map((__, at) => cursor(at + 1)));
    await listener.leave();
  });

  it('subscribes at the log while it waits, and no longer', async () => {
    const { get, changes, clock } = await changesNode();
    let subscribed = 0;
    const subscribe = changes.subscribe.bind(changes);
    changes.subscribe = (listener) => {
      subscribed += 1;
      const stop = subscribe(listener);
      return () => {
        subscribed -= 1;
        return stop();
      };
    };
    const listener = new Listener(await get());
    await listener.piece();
    const coming = listener.piece();
    await clock.settle();
    expect(subscribed).toBe(1);
    await changes.append([ownEntry(1)], [], nothing);
    await coming;
    await clock.settle();
    expect(subscribed).toBe(0);
    await listener.leave();
  });

  it('ends when the log was trimmed beyond a listener that was slow', async () => {
    const { get, changes, log, cursor } = await fourChanges();
    const listener = new Listener(await get(`?since=${cursor(0)}`));
    await listener.piece();
    await changes.forget(await changes.read(0, 2));
    expect(await listener.piece()).toBeUndefined();
    expect(log.named('changes.reader_failed')).toMatchObject([{ fields: { error: 'gone', cursor: cursor(0) } }]);
  });

  it('lets its listeners go at a stop, and takes no others', async () => {
    const { get, stopping, clock, cursor } = await changesNode();
    const listener = new Listener(await get());
    await listener.piece();
    const end = listener.piece();
    const waiting = get('', LINES);
    await clock.settle();
    stopping.abort();
    expect(await end).toBeUndefined();
    const polled = await waiting;
    expect([polled.status, polled.headers.get('mesh-cursor'), await polled.text()]).toEqual([200, cursor(0), '']);
    expect(clock.sleepers).toBe(0);
    const late = await get();
    expect([late.status, await late.json()]).toMatchObject([503, { error: 'stopping' }]);
  });

  it('has so many listeners and no more, until one leaves', async () => {
    const { get, clock } = await changesNode({}, { listenersMax: 2, perClientMax: 9 });
    const [first, second] = [new Listener(await get()), new Listener(await get())];
    const refused = await get('', LINES);
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: 'overloaded' }]);
    expect(refused.headers.get('retry-after')).toBe('10');
    await first.leave();
    expect((await get('?waitMs=0', LINES)).status).toBe(200);
    const third = new Listener(await get());
    await Promise.all([second.leave(), third.leave()]);
    await clock.settle();
    expect(clock.sleepers).toBe(0);
  });

  it('has so many listeners of one client', async () => {
    const { get } = await changesNode({}, { listenersMax: 9, perClientMax: 1 });
    const listener = new Listener(await get());
    const refused = await get();
    expect([refused.status, await refused.json()]).toMatchObject([429, { error: 'rate_limited' }]);
    await listener.leave();
  });

  it('answers HEAD without a stream, and counts no listener for it', async () => {
    const { app, get } = await changesNode({}, { listenersMax: 1, perClientMax: 1 });
    const response = await app.request('/api/changes', { method: 'HEAD' });
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      '',
    ]);
    await new Listener(await get()).leave();
  });
});

describe('GET /api/changes as application/x-ndjson', () => {
  it('answers at once with what there is, in the bytes of the webhook', async () => {
    const { get, changes, cursor } = await fourChanges();
    const response = await get(`?since=${cursor(3)}`, LINES);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const [entry] = await changes.read(3, 1);
    if (entry === undefined || 'email' in entry) throw new Error('It is in the log.');
    expect(await response.text()).toBe(`${Buffer.from(payloadOf(entry))}\n`);
    expect(response.headers.get('mesh-cursor')).toBe(cursor(4));
  });

  it('waits for what is wanted, and passes over the rest', async () => {
    const { get, changes, clock, cursor } = await changesNode();
    const asked = get('?events=email.sent', LINES);
    await clock.advance(20_000);
    await changes.append([ownEntry(1)], [], nothing);
    await clock.advance(4_000);
    await changes.append([mailEntry(2), ownEntry(3)], [], nothing);
    const response = await asked;
    expect(ids(await response.text())).toEqual(['entry-2']);
    expect(response.headers.get('mesh-cursor')).toBe(cursor(3));
    expect(clock.sleepers).toBe(0);
  });

  it.each([
    ['', 25_000],
    ['?waitMs=3000', 3_000],
  ])('is empty when nothing came in time (%s)', async (query, ms) => {
    const { get, clock, cursor } = await changesNode();
    let isAnswered = false;
    const asked = get(query, LINES).finally(() => {
      isAnswered = true;
    });
    await clock.advance(ms - 1);
    expect(isAnswered).toBe(false);
    await clock.advance(1);
    const response = await asked;
    expect([response.status, await response.text(), response.headers.get('mesh-cursor')]).toEqual([200, '', cursor(0)]);
  });

  it('gives so many lines at once, and goes on with the rest', async () => {
    const { get, changes, cursor } = await changesNode();
    await changes.append(
      Array.from({ length: 1_100 }, (_, at) => ownEntry(at + 1)),
      [],
      nothing,
    );
    const response = await get(`?since=${cursor(0)}`, LINES);
    expect(ids(await response.text())).toHaveLength(1_000);
    const rest = await get(`?since=${response.headers.get('mesh-cursor')}`, LINES);
    expect(ids(await rest.text())).toHaveLength(100);
  });

  it('ends its wait when the client leaves, and gives its place back', async () => {
    const { app, get, clock } = await changesNode({}, { listenersMax: 1, perClientMax: 1 });
    const leaving = new AbortController();
    const asked = Promise.resolve(
      app.request(new Request('http://x/api/changes', { headers: LINES, signal: leaving.signal })),
    );
    await clock.settle();
    leaving.abort();
    await asked;
    expect(clock.sleepers).toBe(0);
    await new Listener(await get()).leave();
  });
});
