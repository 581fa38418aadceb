// The short way of look-ups beside the long one: the same requests, octet for octet, to two servers of the same node's state, one of which
// has no short way.
// Longer than 300 lines: every case is put to both ways, and both are made from one state.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import type { AgentId, HostId } from '../../../../mesh/names.ts';
import { signRequest } from '../../../../mesh/signature/request.ts';
import { createHttpServer, listenOn } from '../../../../node/http/server/server.ts';
import { FAILURES_MAX } from '../../../../node/keys/failures.ts';
import { type KeyRecord, keyWrite } from '../../../../node/keys/key-records.ts';
import { keyDigest } from '../../../../node/keys/key-text.ts';
import { systemClock } from '../../../../node/system/clock.ts';
import { addressOf, agentOf } from '../../../support/agent-of.ts';
import type { MemoryDisk } from '../../../support/memory-store.ts';
import { says, wireEntry } from '../../../support/scripted-peers.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { testKeys } from '../../../support/test-keys.ts';
import { type TestNodeOptions, testNode } from '../../../support/test-node.ts';

const PATH = '/api/agents/email-index';
const [TOKEN, READ_TOKEN] = ['a-token-that-may-write', 'a-token-that-may-read'];
const FUZZED = 600;
const { cloud } = testKeys('cloud');

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

const named = addressOf('titania@x.com', {
  primary: true,
  displayName: 'Titania "T"',
  metadata: { tenant: '23blocks' },
});
const rowOf = (
  host: string,
  { address, key }: Pick<ReturnType<typeof addressOf>, 'address' | 'key'>,
  more: object = {},
) => ({ address, key, agentId: `id-${host}`, agentName: host, hostId: host, primary: true, ...more }) as const;
const german = {
  address: addressOf('müller@bücher.example').address,
  key: addressOf('müller@xn--bcher-kva.example').key,
};
const HEARD = [
  rowOf('cloud', addressOf('oberon@x.com'), { displayName: 'O"\u2028', metadata: { b: '2', '1': 'one' } }),
  rowOf('cloud', addressOf('shared@x.com')),
  rowOf('pi', addressOf('shared@x.com')),
  rowOf('cloud', addressOf('titania@x.com')),
  rowOf('cloud', addressOf('a%zz@x.com')),
  rowOf('pi', german),
];
const AGENTS = [
  agentOf('titania', [], { addresses: [named, addressOf('queen@x.com')] }),
  agentOf('plus', ['a+b@x.com', 'x$y@x.com', "o'brien@x.com"]),
  agentOf('quiet', ['quiet@x.com'], { emailEnabled: false }),
  agentOf('many', ['100%@x.com', 'a%zy@x.com', '"a%zy"@x.com']),
];

const keyTextOf = (id: string) => `amk_${id.padEnd(43, '0')}`;
const keyOf = (id: string, more: Partial<KeyRecord>): KeyRecord => ({
  ...{ id, name: id, digest: keyDigest(keyTextOf(id)), scopes: ['read'], createdMs: 1 },
  ...more,
});
const AGENT = { agentId: 'id-titania' as AgentId };
const KEYS = [
  keyOf('reader', {}),
  keyOf('operator', { scopes: ['admin'] }),
  keyOf('listener', { scopes: ['webhooks'] }),
  keyOf('readerOfOne', AGENT),
  keyOf('senderOfOne', { scopes: ['send'], ...AGENT }),
  keyOf('expired', { expiresMs: 2 }),
];

/** What the node comes back with: its agents, its copy of the others, the key of one of them, and what clients may show. */
const RECORDS: readonly (readonly [key: string, value: object])[] = [
  ...AGENTS.map((agent) => [`agent/${agent.id}`, agent] as const),
  ...HEARD.map((row) => [`feed/row/${row.hostId}/${row.key}`, row] as const),
  ...KEYS.map((key) => [keyWrite(key).key, key] as const),
  ['pin/cloud', { publicKey: cloud.key.text, isProven: false, firstSeenAt: '2026-01-27T12:00:00.000Z' }],
];
const DISK: MemoryDisk = new Map(RECORDS.map(([key, value]) => [key, JSON.stringify(value)]));

interface Doors {
  /** What is said to a request by the server with the short way and by the one without; when it was said is left out. */
  said(request: string): Promise<readonly [short: string, long: string]>;
  /** Requests that the short way has answered. */
  taken(): number;
  nowSeconds(): number;
}

async function open(options: TestNodeOptions): Promise<Doors> {
  let taken = 0;
  const portOf = async (hasShortWay: boolean) => {
    const peers = { cloud: says({ 'oberon@x.com': wireEntry('cloud', 'oberon') }), pi: says({}) };
    const { node, clock } = await testNode({ peers, disk: DISK, ...options });
    stack.use(node);
    const server = createHttpServer(node.fetch, {
      clock: systemClock,
      shortWay: (incoming, outgoing, client) => {
        if (!hasShortWay) return false;
        const isTaken = node.shortLookUp(incoming, outgoing, client);
        if (isTaken) taken += 1;
        return isTaken;
      },
    });
    // A client that has said all that it will hears all answers; Node would drop those that are not there yet, by which of the two came first.
    Object.assign(server, { httpAllowHalfOpen: true });
    stack.defer(() => void server.close());
    const { port } = await listenOn(server, { ip: '127.0.0.1', port: 0 });
    return { port, clock };
  };
  const [short, long] = [await portOf(true), await portOf(false)];
  return {
    said: (request) => Promise.all([say(short.port, request), say(long.port, request)]),
    taken: () => taken,
    nowSeconds: () => Math.floor(short.clock.wallMs() / 1_000),
  };
}

async function say(port: number, request: string): Promise<string> {
  const socket = createConnection(port, '127.0.0.1');
  socket.end(request, 'latin1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'close');
  return text.replaceAll(/^Date: .*$/gm, 'Date: now');
}

const get = (query: string, ...fields: readonly string[]) =>
  [`GET ${PATH}${query} HTTP/1.1`, 'Host: localhost', ...fields, '', ''].join('\r\n');

const ADDRESSES = [
  ...[
    'titania@x.com',
    'titania%40x.com',
    'queen%40x.com',
    'Titania@X.com',
    '%74itania%40x.com',
    'a+b@x.com',
    'a%2Bb%40x.com',
  ],
  ...[
    'x$y@x.com',
    "o'brien@x.com",
    'o%27brien%40x.com',
    'quiet%40x.com',
    'oberon%40x.com',
    'oberon@x.com',
    'shared%40x.com',
  ],
  ...[
    'm%C3%BCller%40xn--bcher-kva.example',
    'm%C3%BCller%40b%C3%BCcher.example',
    'nobody%40x.com',
    'nobody',
    '',
    '%',
    '100%25%40x.com',
  ],
  ...[
    '100%@x.com',
    'a%zy@x.com',
    'a%zz@x.com',
    '%20titania%40x.com',
    'titania%40x.com%20',
    'titania@x.com#queen@x.com',
    'titania@x.com?',
  ],
];
const QUERIES = [
  (address: string) => `?address=${address}`,
  (address: string) => `?address=${address}&federated=true&mode=index`,
  (address: string) => `?address=${address}&mode=index&federated=true`,
  (address: string) => `?address=${address}&federated=true`,
  (address: string) => `?address=${address}&`,
  (address: string) => `?address=${address}&address=${address}`,
  (address: string) => `?address=${address}&agentId=id-titania`,
  (address: string) => `?Address=${address}`,
  (address: string) => `?%61ddress=${address}`,
  (address: string) => `?address=${address}&federated=true&mode=index&mode=index`,
  () => '',
];
const HOSTS = [
  ...[
    'Host: localhost',
    'Host: localhost:23000',
    'Host: LOCALHOST',
    'Host: 127.0.0.1',
    'Host: [::1]:23000',
    'Host: mac',
    'Host: evil.example',
  ],
  ...[
    'Host: localhost:99999',
    'Host: localhost:0',
    'Host: localhost:x',
    'Host:',
    'Host: localhost@evil',
    'Host: 1.2.3',
    'Host: 010.1.1.1',
  ],
  ...[
    'Host: localhost\r\nHost: localhost',
    'X-No-Host: 1',
    'host:localhost',
    'Host: local\r\n host',
    'Host: a.localhost',
    'Host: localhost.',
  ],
];
const FIELDS = [
  ...[
    'Accept: */*',
    'Accept-Encoding: gzip',
    'Origin: http://localhost',
    'Origin: http://evil.example',
    'Origin: null',
    'X-Federated-Query: true',
  ],
  ...[
    'x-federated-query: TRUE',
    'X-Federated-Query: false',
    'X-Federated-Query: true\r\nX-Federated-Query: true',
    'X-Forwarded-For: 1.1.1.1',
  ],
  ...['Signature-Input: sig=()', 'Signature-Input: mesh=()', 'Via: 1.1 x'],
  ...[
    'If-None-Match: *',
    'Content-Length: 0',
    'Content-Length: 2',
    'Transfer-Encoding: chunked',
    'Connection: close',
    'Connection: keep-alive',
  ],
  ...[
    'Expect: 100-continue',
    'Upgrade: websocket\r\nConnection: Upgrade',
    'Cookie: a=b',
    'Range: bytes=0-1',
    'Content-Encoding: gzip',
    'X-Odd: \xe4',
  ],
  ...[
    'X-Folded: one\r\n two',
    'TE: trailers',
    'X-HTTP-Method-Override: DELETE',
    'Keep-Alive: timeout=1',
    'Content-Type: text/plain',
  ],
];
const bearer = (text: string) => `Authorization: Bearer ${text}`;
const CREDENTIALS = [
  ...KEYS.map(({ id }) => bearer(keyTextOf(id))),
  ...[keyTextOf('unknown'), TOKEN, READ_TOKEN, 'wrong', '', 'two words', '\xe4'].map(bearer),
  `authorization:bearer   ${keyTextOf('reader')}  `,
  `Authorization: ${keyTextOf('reader')}`,
  `Authorization: Basic ${btoa(`reader:${keyTextOf('reader')}`)}`,
  `${bearer(keyTextOf('reader'))}\r\n${bearer(keyTextOf('reader'))}`,
  `${bearer('wrong')}\r\n${bearer(READ_TOKEN)}`,
];
const METHODS = ['HEAD', 'POST', 'OPTIONS', 'DELETE', 'PATCH'];
const PATHS = [
  `${PATH}/`,
  '/api/agents//email-index',
  '/api/agents/./email-index',
  '/api/agents/email%2Dindex',
  `http://localhost${PATH}`,
];
const VERSIONS = ['HTTP/1.0', 'HTTP/1.1'];

/** Mostly what the short way takes, with one thing or two changed. */
function fuzzed(seed: number): string {
  const { next } = seededRandom(seed);
  const one = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T;
  const seldom = <T>(list: readonly T[], usual: T, chance = 0.15) => (next() < chance ? one(list) : usual);
  const query = seldom(
    QUERIES,
    QUERIES[next() < 0.8 ? 0 : 1] as (typeof QUERIES)[number],
  )(seldom(ADDRESSES, 'titania%40x.com', 0.6));
  const first = `${seldom(METHODS, 'GET', 0.05)} ${seldom(PATHS, PATH, 0.05)}${query} ${seldom(VERSIONS, 'HTTP/1.1', 0.1)}`;
  const fields = Array.from({ length: Math.floor(next() * next() * 3) }, () => one(FIELDS));
  if (next() < 0.3) fields.push(one(CREDENTIALS));
  return [first, seldom(HOSTS, 'Host: localhost', 0.2), ...fields, '', ''].join('\r\n');
}

describe.each<[string, TestNodeOptions, number]>([
  ['a node without tokens', {}, 100],
  ['a node whose reading is guarded', { readToken: READ_TOKEN }, 10],
  ['a node whose writing is guarded', { token: TOKEN }, 100],
  ['a node with both tokens', { token: TOKEN, readToken: READ_TOKEN }, 10],
  ['a node that shows the whole mesh', { indexScope: 'mesh' }, 100],
])('%s', (_, options, takenMin) => {
  it(`answers ${FUZZED} odd requests the short way as the long one`, { timeout: 60_000 }, async () => {
    const { said, taken } = await open(options);
    for (let seed = 0; seed < FUZZED; seed += 1) {
      const request = fuzzed(seed);
      const [short, long] = await said(request);
      expect([seed, request, short]).toEqual([seed, request, long]);
    }
    // Otherwise nothing was compared.
    expect(taken()).toBeGreaterThanOrEqual(takenMin);
  });
});

describe('the short way', () => {
  it.each([
    ['an own address', '?address=titania%40x.com'],
    ['one with the @ as it is', '?address=queen@x.com'],
    ['one that another host shows, by the copy', '?address=oberon%40x.com&federated=true&mode=index'],
  ])('takes a look-up of %s', async (_, query) => {
    const { said, taken } = await open({});
    const [short, long] = await said(get(query));
    expect([short, taken()]).toEqual([long, 1]);
    expect(short).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  it('takes each of several requests of one connection in its turn', async () => {
    const { said, taken } = await open({});
    const queries = ['?address=queen%40x.com', '?agentId=id-titania', '?address=titania%40x.com'];
    const [short, long] = await said(queries.map((query) => get(query)).join(''));
    expect([short, taken()]).toEqual([long, 2]);
  });

  it('takes the whole index once it was made', async () => {
    const { said, taken } = await open({});
    const [short, long] = await said(get('').repeat(3));
    expect([short, taken()]).toEqual([long, 2]);
    expect(short.match(/^etag: "/gm)).toHaveLength(3);
  });

  it.each<[string, TestNodeOptions, string, string[]]>([
    ['of the mesh', { indexScope: 'mesh' }, '', []],
    ['that the client may have', {}, '', ['If-None-Match: *']],
    ['in pages', {}, '?limit=1', []],
    ['under a question of nothing', {}, '?', []],
    ['that a peer asks for', {}, '', ['X-Federated-Query: true']],
  ])('leaves the whole index %s to the long way', async (_, options, query, fields) => {
    const { said, taken } = await open(options);
    const [short, long] = await said(get(query, ...fields).repeat(2));
    expect([short, taken()]).toEqual([long, 0]);
  });

  it.each([
    ['nobody has', '?address=nobody%40x.com'],
    ['an agent has whose email is disabled', '?address=quiet%40x.com'],
    ['two hosts show, by the copy', '?address=shared%40x.com&federated=true&mode=index'],
    ['another host shows, in the plain index', '?address=oberon%40x.com'],
  ])('leaves an address that %s to the long way', async (_, query) => {
    const { said, taken } = await open({});
    const [short, long] = await said(get(query));
    expect([short, taken()]).toEqual([long, 0]);
  });

  it.each([
    ...['X-Federated-Query: true', 'Origin: http://localhost', 'Signature-Input: sig=()'],
    ...['Expect: 100-continue', 'Upgrade: websocket', 'Content-Length: 0', 'Transfer-Encoding: chunked\r\n\r\n0'],
  ])('leaves what has the field %s to the long way', async (field) => {
    const { said, taken } = await open({});
    const own = await said(get('?address=titania%40x.com', field));
    const copied = await said(get('?address=oberon%40x.com&federated=true&mode=index', field));
    expect([own[0], copied[0], taken()]).toEqual([own[1], copied[1], 0]);
  });

  it('leaves what a parser of URLs would write otherwise to the long way', async () => {
    const { said, taken } = await open({});
    const [short, long] = await said(get('?address="a%zy"@x.com'));
    expect([short, taken()]).toEqual([long, 0]);
  });

  it('leaves a signed look-up to the long way, which signs the answer', async () => {
    const { said, taken, nowSeconds } = await open({});
    const target = `${PATH}?address=titania%40x.com`;
    const question = { method: 'GET', target, from: cloud.id, to: 'mac' as HostId, body: new Uint8Array() };
    const { headers } = signRequest({ ...question, createdSeconds: nowSeconds(), nonce: '0'.repeat(22) }, cloud.signer);
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const [short, long] = await said(get('?address=titania%40x.com', ...fields));
    expect([short, taken()]).toEqual([long, 0]);
    expect(short).toMatch(/^signature: mesh=:/im);
  });
});

const statuses = (answers: string) => [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

/** Whether the short way takes it where reading is open, where MESH_TOKEN is set, and where both tokens are. */
type Takes = readonly [open: boolean, writing: boolean, both: boolean];
const EVERYWHERE: Takes = [true, true, true];
const WHERE_OPEN: Takes = [true, true, false];
const NOWHERE: Takes = [false, false, false];

describe('the short way of who shows', () => {
  it.each<[string, string, Takes]>([
    ['a key that reads', bearer(keyTextOf('reader')), EVERYWHERE],
    ['an operator’s key', bearer(keyTextOf('operator')), EVERYWHERE],
    ['a key without the right to read', bearer(keyTextOf('listener')), WHERE_OPEN],
    ['a key of one agent that reads', bearer(keyTextOf('readerOfOne')), EVERYWHERE],
    ['a key of one agent that only sends', bearer(keyTextOf('senderOfOne')), WHERE_OPEN],
    ['an expired key', bearer(keyTextOf('expired')), NOWHERE],
    ['an unknown key', bearer(keyTextOf('unknown')), NOWHERE],
    ['MESH_TOKEN', bearer(TOKEN), EVERYWHERE],
    ['MESH_READ_TOKEN', bearer(READ_TOKEN), EVERYWHERE],
    ['another token', bearer('wrong'), WHERE_OPEN],
    ['nothing of use', 'Authorization: Basic YTpi', WHERE_OPEN],
    ['nothing', 'Accept: */*', WHERE_OPEN],
    ['a key from a page of its own', `${bearer(keyTextOf('reader'))}\r\nOrigin: http://localhost`, NOWHERE],
    ['a key from a page of another site', `${bearer(keyTextOf('reader'))}\r\nOrigin: http://evil.example`, NOWHERE],
  ])('%s answers as the long way', async (_, field, takes) => {
    for (const [at, options] of [{}, { token: TOKEN }, { token: TOKEN, readToken: READ_TOKEN }].entries()) {
      const { said, taken } = await open(options);
      const queries = ['titania%40x.com', 'oberon%40x.com&federated=true&mode=index', 'nobody%40x.com'];
      const [short, long] = await said(queries.map((query) => get(`?address=${query}`, field)).join(''));
      expect([at, short, taken()]).toEqual([at, long, takes[at] === true ? 2 : 0]);
    }
  });

  it('a key that is revoked refuses the very next request', async () => {
    const { said, taken } = await open({});
    const lookUp = get('?address=titania%40x.com', bearer(keyTextOf('reader')));
    const revocation = 'DELETE /api/keys/reader HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const [short, long] = await said([lookUp, lookUp, revocation, lookUp].join(''));
    expect([short, statuses(short), taken()]).toEqual([long, [200, 200, 200, 401], 2]);
  });

  it('a key writes down its last use as the long way', async () => {
    const { said, taken } = await open({});
    const list = 'GET /api/keys HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const [short, long] = await said(get('?address=titania%40x.com', bearer(keyTextOf('reader'))) + list);
    expect([short, taken()]).toEqual([long, 1]);
    expect(short.match(/"lastUsedAt":"/g)).toHaveLength(1);
  });

  it('a key that opens nothing counts each attempt once, and locks out no key that opened something', async () => {
    const { said, taken } = await open({ readToken: READ_TOKEN });
    const lookUp = (id: string) => get('?address=titania%40x.com', bearer(keyTextOf(id)));
    const attempts = Array.from({ length: FAILURES_MAX }, (_, at) => lookUp(`guess${at}`));
    const asked = [lookUp('reader'), ...attempts, lookUp('guess'), lookUp('operator'), lookUp('reader')];
    const [short, long] = await said(asked.join(''));
    const counted = [200, ...attempts.map(() => 401), 429, 429, 200];
    expect([short, statuses(short), taken()]).toEqual([long, counted, 2]);
  });
});
