// Sockets as clients have them, on a real connection; what the mailbox says is the test's.
// Longer than 300 lines: what a socket is told depends on one set of keys and events, which stands beside it.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Caller } from '../../../../node/mailbox/api-key.ts';
import { MailboxError } from '../../../../node/mailbox/errors.ts';
import type { EventType } from '../../../../node/mailbox/event.ts';
import { EventNews } from '../../../../node/mailbox/events/event-news.ts';
import { type EventFrame, EventPages } from '../../../../node/mailbox/events/event-pages.ts';
import { EventSockets, KEY_SOCKETS_MAX } from '../../../../node/mailbox/events/event-sockets.ts';
import { holdsInbox } from '../../../../node/mailbox/scope.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const A = 'a@x.com';
const B = 'b@x.com';
const POD = 'pod';

let clock: VirtualClock;
let news: EventNews;
let events: EventFrame[];
let keys: Map<string, Omit<Caller, 'keyId'>>;
let sockets: EventSockets;
let server: Server;
let ending: AbortController;
let running: Promise<void>;
let clients: WebSocket[];
let connections: Socket[];

beforeEach(async () => {
  [clock, news, events, clients, connections] = [new VirtualClock(), new EventNews(), [], [], []];
  keys = new Map([
    ['org', {}],
    ['of a', { podId: POD, inboxId: A }],
    ['of pod', { podId: POD }],
    ['of other pod', { podId: 'other' }],
    ['no spam', { permissions: { message_read: true } }],
    ['no domain', { permissions: { message_read: true, label_spam_read: true } }],
    ['no mail', { permissions: { inbox_read: true } }],
  ]);
  sockets = new EventSockets({
    ...{ clock, news, log: new RecordingLog(), rates: { count: () => {} } },
    admission: {
      admitText: async (key) => {
        if (!keys.has(key)) throw new MailboxError('unknown_api_key', 'The API key is none of this host.');
        return { keyId: key, ...keys.get(key) };
      },
    },
    pages: { after: async (row) => events.filter((event) => event.row > row).slice(0, 2) },
    lastRow: async () => events.length,
    referenceOf: async (eventId) => {
      const found = events.find(({ text }) => JSON.parse(text).event_id === eventId);
      if (found === undefined) return undefined;
      const { row, type, inboxId = '' } = found;
      const podId = found.podId || undefined;
      if (type === 'domain.verified') return { row, eventId, podId, type, domain: 'x.com' };
      return { row, eventId, podId, type, inboxId, agentId: 'a', messageId: 'm', threadId: 't' };
    },
    inboxOf: async (text, scope) => {
      if ((text !== A && text !== B) || !holdsInbox(scope, { podId: POD, inboxId: text }))
        throw new MailboxError('not_found', 'There is no such inbox.');
      return text;
    },
    podOf: async (text) => (text === POD || text === 'other' ? text : undefined),
  });
  server = createServer();
  server.on('connection', (connection) => connections.push(connection));
  server.on('upgrade', (incoming, socket, head) => void sockets.accept(incoming, socket as Socket, head));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ending = new AbortController();
  running = sockets.run(ending.signal);
});

afterEach(async () => {
  for (const client of clients) client.terminate();
  ending.abort();
  await clock.advance(10_000);
  await running;
  server.close();
  server.closeAllConnections();
  for (const connection of connections) connection.destroy();
});

const happen = (inboxId: string | undefined, type: EventType = 'message.received', podId = POD) => {
  const row = events.length + 1;
  const text = JSON.stringify({ type: 'event', event_id: `e${row}`, event_type: type });
  events.push({ row, type, inboxId, podId, text });
  news.tell();
};

/** A client with what it has heard: events by their ids, other frames whole. */
const connect = async (query = '?api_key=org', headers: Readonly<Record<string, string>> = {}) => {
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v0${query}`, { headers });
  clients.push(socket);
  const heard: unknown[] = [];
  let closed: number | undefined;
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data));
    heard.push(frame.type === 'event' ? frame.event_id : frame);
  });
  socket.on('close', (code) => {
    closed = code;
  });
  await once(socket, 'open');
  const say = (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  return { socket, heard, say, closed: () => closed };
};
const subscribed = async (more: object = {}, query?: string) => {
  const client = await connect(query);
  client.say({ type: 'subscribe', ...more });
  await expect.poll(() => client.heard[0]).toEqual({ type: 'subscribed', ...more });
  return client;
};
/** The status and the body that a client is refused with. */
const refusal = async (query: string) => {
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v0${query}`);
  socket.on('error', () => undefined);
  const [, response] = await once(socket, 'unexpected-response');
  const chunks = await response.toArray();
  return [response.statusCode, JSON.parse(Buffer.concat(chunks).toString())];
};

describe('a socket', () => {
  it('hears of what happens from its subscription on, in order, and of no quarantine', async () => {
    happen(A);
    const { heard } = await subscribed();
    happen(A);
    happen(B, 'message.received.spam');
    happen(B, 'message.sent');
    await expect.poll(() => heard.slice(1)).toEqual(['e2', 'e4']);
  });

  it('hears of a domain when that is of its scope, and its key may read domains', async () => {
    const all = await subscribed();
    const ofPod = await subscribed({}, '?api_key=of%20pod');
    const ofOther = await subscribed({}, '?api_key=of%20other%20pod');
    const ofInbox = await subscribed({}, '?api_key=of%20a');
    const without = await subscribed({}, '?api_key=no%20domain');
    happen(undefined, 'domain.verified');
    happen(undefined, 'domain.verified', '');
    happen(A);
    await expect.poll(() => all.heard.slice(1)).toEqual(['e1', 'e2', 'e3']);
    await expect.poll(() => ofPod.heard.slice(1)).toEqual(['e1', 'e3']);
    await expect.poll(() => ofInbox.heard.slice(1)).toEqual(['e3']);
    await expect.poll(() => without.heard.slice(1)).toEqual(['e3']);
    expect(ofOther.heard.slice(1)).toEqual([]);
    without.say({ type: 'subscribe', event_types: ['domain.verified'] });
    await expect.poll(() => without.heard.at(-1)).toMatchObject({ type: 'error', name: 'ForbiddenError' });
  });

  it('hears of the events and inboxes that it names, until it names others', async () => {
    const { heard, say } = await subscribed({ inbox_ids: [A], event_types: ['message.received.spam'] });
    happen(A);
    happen(B, 'message.received.spam');
    happen(A, 'message.received.spam');
    await expect.poll(() => heard.slice(1)).toEqual(['e3']);
    say({ type: 'subscribe', inbox_ids: [B], pod_ids: ['other'] });
    await expect.poll(() => heard.length).toBe(3);
    happen(A);
    happen(B);
    happen('c@x.com', 'message.received', 'other');
    await expect.poll(() => heard.slice(3)).toEqual(['e5', 'e6']);
  });

  it('of one inbox’s key hears of that inbox alone, and can name no other', async () => {
    const { heard, say } = await subscribed({}, '?api_key=of%20a');
    happen(B);
    happen(A);
    await expect.poll(() => heard.slice(1)).toEqual(['e2']);
    say({ type: 'subscribe', inbox_ids: [B] });
    await expect.poll(() => heard.at(-1)).toMatchObject({ type: 'error', name: 'NotFoundError' });
  });

  it('of a pod’s key hears of that pod alone, and can name nothing of another', async () => {
    const { heard, say } = await subscribed({}, '?api_key=of%20pod');
    happen('c@x.com', 'message.received', 'other');
    happen(A);
    await expect.poll(() => heard.slice(1)).toEqual(['e2']);
    say({ type: 'subscribe', pod_ids: ['other'] });
    await expect.poll(() => heard.at(-1)).toMatchObject({ type: 'error', message: 'There is no such pod.' });
    const other = await connect('?api_key=of%20other%20pod');
    other.say({ type: 'subscribe', inbox_ids: [A] });
    await expect.poll(() => other.heard).toMatchObject([{ type: 'error', message: 'There is no such inbox.' }]);
  });

  it('of an inbox’s key names no pod, not even that of the inbox', async () => {
    const { heard, say } = await connect('?api_key=of%20a');
    say({ type: 'subscribe', pod_ids: [POD] });
    await expect.poll(() => heard).toMatchObject([{ type: 'error', message: 'There is no such pod.' }]);
  });

  it('is told of no quarantine that its key may not read', async () => {
    const { heard, say } = await connect('?api_key=no%20spam');
    say({ type: 'subscribe', event_types: ['message.received', 'message.received.spam'] });
    await expect
      .poll(() => heard)
      .toMatchObject([{ type: 'error', message: expect.stringContaining('label_spam_read') }]);
    expect(await refusal('?api_key=no%20mail')).toEqual([403, expect.objectContaining({ code: 'missing_permission' })]);
  });

  it('ends at once with its key, and comes again when that opens other things', async () => {
    const [one, other] = [await connect('?api_key=of%20a'), await connect()];
    sockets.endOf('of a', true);
    await expect.poll(one.closed).toBe(1008);
    sockets.endOf('org', false);
    await expect.poll(other.closed).toBe(1012);
  });

  it('is told what it has missed since an event, and that this is kept no more', async () => {
    for (let at = 0; at < 6; at += 1) happen(A);
    const { heard } = await subscribed({}, '?api_key=org&since=e2');
    await expect.poll(() => heard.slice(1)).toEqual(['e3', 'e4', 'e5', 'e6']);
    const late = await connect('?api_key=org&since=gone');
    late.say({ type: 'subscribe' });
    await expect.poll(() => late.heard).toEqual([expect.objectContaining({ type: 'error', name: 'NotFoundError' })]);
  });

  it.each([
    ['of%20a', B, 'message.received', POD],
    ['of%20other%20pod', A, 'message.received', POD],
    ['of%20pod', undefined, 'domain.verified', ''],
    ['no%20domain', undefined, 'domain.verified', POD],
    ['no%20spam', A, 'message.received.spam', POD],
  ] as const)(
    'of the key %s is told of an event of which that hears nothing (%s %s) what it is told of one that never was',
    async (key, inboxId, type, podId) => {
      happen(inboxId, type, podId);
      const heard = [];
      for (const since of ['e1', 'e2']) {
        const client = await connect(`?api_key=${key}&since=${since}`);
        client.say({ type: 'subscribe' });
        await expect.poll(() => client.heard.length).toBe(1);
        heard.push(JSON.parse(JSON.stringify(client.heard[0]).replace(since, 'e')));
      }
      expect(heard[0]).toEqual(heard[1]);
      expect(heard[0]).toMatchObject({ type: 'error', name: 'NotFoundError' });
    },
  );

  it('goes on behind an event of an inbox that is gone, and so is of no pod any more', async () => {
    happen('gone@x.com');
    events[0] = { ...(events[0] as EventFrame), podId: undefined };
    happen(A);
    const { heard } = await subscribed({}, '?api_key=of%20pod&since=e1');
    await expect.poll(() => heard.slice(1)).toEqual(['e2']);
  });

  it.each(['{', '[]', '{"type":"other"}', '{"type":"subscribe","event_types":["lost"]}', '{"type":"subscribe","x":1}'])(
    'is told what is wrong with %s, and goes on',
    async (frame) => {
      const { heard, say } = await connect();
      say(frame);
      await expect.poll(() => heard).toEqual([expect.objectContaining({ type: 'error', name: 'ValidationError' })]);
      say({ type: 'subscribe', inbox_ids: ['none@x.com'] });
      await expect.poll(() => heard.at(-1)).toMatchObject({ name: 'NotFoundError' });
      say({ type: 'subscribe' });
      await expect.poll(() => heard.at(-1)).toEqual({ type: 'subscribed' });
    },
  );

  it('ends with 1009 after a frame of more than 64 KiB', async () => {
    const { say, closed } = await connect();
    say('x'.repeat(64 * 1024 + 1));
    await expect.poll(closed).toBe(1009);
  });

  it('ends with 1012 when the node stops, so that its client comes again', async () => {
    const { closed } = await subscribed();
    ending.abort();
    await expect.poll(closed).toBe(1012);
  });

  it('ends when its key does, and when its client does not answer', async () => {
    const [{ closed }, deaf] = [await connect('?api_key=of%20a'), await connect()];
    deaf.socket.pause();
    await clock.advance(30_000);
    keys.delete('of a');
    await clock.advance(30_000);
    await expect.poll(closed).toBe(1008);
    deaf.socket.resume();
    await expect.poll(deaf.closed).toBe(1006);
  });

  it('ends with 1013 when its client does not read for 30 seconds', async () => {
    const { socket, closed } = await subscribed();
    socket.pause();
    const text = JSON.stringify({ type: 'event', event_id: 'large', more: 'x'.repeat(8 * 1024 * 1024) });
    events.push({ row: 1, type: 'message.received', inboxId: A, podId: POD, text });
    news.tell();
    await clock.advance(29_000);
    await clock.advance(2_000);
    socket.resume();
    await expect.poll(closed).toBe(1013);
  });
});

describe('a key', () => {
  it('is shown in the query or as a header; without a good one the upgrade is 401', async () => {
    const { heard, say } = await connect('', { authorization: 'Bearer org' });
    say({ type: 'subscribe' });
    await expect.poll(() => heard).toEqual([{ type: 'subscribed' }]);
    expect(await refusal('')).toEqual([401, expect.objectContaining({ code: 'missing_authorization' })]);
    expect(await refusal('?api_key=wrong')).toEqual([401, expect.objectContaining({ code: 'unknown_api_key' })]);
  });

  it('may have 100 sockets', async () => {
    for (let at = 0; at < KEY_SOCKETS_MAX; at += 1) await connect();
    expect(await refusal('?api_key=org')).toEqual([429, expect.objectContaining({ code: 'rate_limit_exceeded' })]);
    await connect('?api_key=of%20a');
  });
});

describe('pages of events', () => {
  it('are read once for all who are at one place, and have what webhooks leave out', async () => {
    let asked = 0;
    const told = {
      row: 1,
      eventId: 'e',
      type: 'message.received',
      inboxId: A,
      payload: '{"type":"event","message":{"a":1}}',
    };
    const ask = async () => {
      asked += 1;
      return [told, { ...told, row: 2, extras: '{"payload":{"b":2}}' }];
    };
    const pages = new EventPages({ ask: ask as never });
    const [one, other] = await Promise.all([pages.after(0), pages.after(0)]);
    expect([asked, one]).toEqual([1, other]);
    expect(one.map(({ text }) => JSON.parse(text).message)).toEqual([{ a: 1 }, { a: 1, payload: { b: 2 } }]);
  });
});
