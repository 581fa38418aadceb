import { describe, expect, it } from 'vitest';
import type { IndexEntry } from '../../../../mesh/index-entry.ts';
import { ENTRIES_PER_TURN_MAX } from '../../../../mesh/limits.ts';
import { createLookUp, type LookUpMeta } from '../../../../mesh/lookup.ts';
import { emailIndexRoutes } from '../../../../node/http/routes/email-index.ts';
import { createShell } from '../../../../node/http/shell.ts';
import { EmailIndex } from '../../../../node/registry/email-index.ts';
import { addressOf, agentOf } from '../../../support/agent-of.ts';
import { parsePlainAddress } from '../../../support/plain-address.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { rosterOf, urlOf } from '../../../support/roster-of.ts';
import { type PeerScript, ScriptedPeers, says, wireEntry } from '../../../support/scripted-peers.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const PATH = '/api/agents/email-index';
const TITANIA = { agentId: 'id-titania', agentName: 'titania', hostId: 'mac', hostUrl: urlOf('mac') };

/** The bare map, or `emails` and `meta`. */
interface Body extends Record<string, unknown> {
  readonly emails: Record<string, IndexEntry>;
  readonly meta: LookUpMeta;
}

/** Host `mac` with agents titania (two addresses), a+b (one with a plus) and quiet (email disabled); peers as scripted. */
function node(scripts: Record<string, PeerScript> = { cloud: says({}) }) {
  const roster = rosterOf('mac', ...Object.keys(scripts));
  const index = new EmailIndex({ self: () => roster.self, random: seededRandom(1) });
  const named = addressOf('titania@x.com', { primary: true, displayName: 'Titania', metadata: { tenant: '23blocks' } });
  index.put(agentOf('titania', [], { addresses: [named, addressOf('queen@x.com')] }));
  index.put(agentOf('plus', ['a+b@x.com']));
  index.put(agentOf('quiet', ['quiet@x.com'], { emailEnabled: false }));
  const clock = new VirtualClock();
  const transport = new ScriptedPeers(scripts);
  const log = new RecordingLog();
  const parseAddress = parsePlainAddress;
  const local = (question: Parameters<EmailIndex['answer']>[0]) => index.answer(question);
  const lookUp = createLookUp({ transport, clock, roster: () => roster, local, parseAddress });
  const app = createShell(log);
  emailIndexRoutes(app, { index, lookUp, parseAddress });
  const get = async (query = '', headers: Record<string, string> = {}) => {
    const asked = app.request(`${PATH}${query}`, { headers });
    await clock.advance(1);
    const response = await asked;
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
  };
  return { app, index, clock, transport, log, get };
}

describe('GET /api/agents/email-index', () => {
  it('answers the bare map of every address here', async () => {
    const { get } = node();
    const { status, headers, body } = await get();
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(body).toEqual({
      'titania@x.com': { ...TITANIA, displayName: 'Titania', primary: true, metadata: { tenant: '23blocks' } },
      'queen@x.com': { ...TITANIA, primary: false },
      'a+b@x.com': { ...TITANIA, agentId: 'id-plus', agentName: 'plus', primary: true },
    });
  });

  it('answers HEAD with the size and tag of the whole, and no body', async () => {
    const { app } = node();
    const [whole, head] = [await app.request(PATH), await app.request(PATH, { method: 'HEAD' })];
    const size = (await whole.arrayBuffer()).byteLength;
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String(size));
    expect(head.headers.get('etag')).toBe(whole.headers.get('etag'));
  });

  it('ignores parameters it does not know', async () => {
    const { get } = node();
    expect((await get('?provider=smtp&provider=local')).body).toHaveProperty(['titania@x.com']);
  });

  it.each(['address', 'agentId', 'federated'])('refuses %s twice, naming it', async (field) => {
    const { get } = node();
    const { status, body } = await get(`?${field}=a&${field}=a`);
    expect([status, body]).toMatchObject([400, { error: 'invalid_request', field }]);
  });

  it('answers other methods with 405', async () => {
    const { app } = node();
    const response = await app.request(PATH, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

describe('the tag of the whole index', () => {
  it.each([
    ['itself', (tag: string) => tag],
    ['itself, weak', (tag: string) => `W/${tag}`],
    ['a list with it', (tag: string) => `"other", W/"x" ,${tag}`],
    ['any', () => '*'],
  ])('is answered 304 without a body when sent back as %s', async (_, condition) => {
    const { app, get } = node();
    const tag = (await get()).headers.get('etag') ?? '';
    const response = await app.request(PATH, { headers: { 'If-None-Match': condition(tag) } });
    expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([304, '', tag]);
  });

  it('is strong, and no longer matches after a change', async () => {
    const { get, index } = node();
    const tag = (await get()).headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[^"]+"$/);
    index.put(agentOf('oberon', ['king@x.com']));
    const { status, body } = await get('', { 'If-None-Match': tag });
    expect(status).toBe(200);
    expect(body).toHaveProperty(['king@x.com']);
  });

  it('says nothing about a single address', async () => {
    const { get } = node();
    const { status, headers } = await get('?address=titania@x.com', { 'If-None-Match': '*' });
    expect([status, headers.get('etag')]).toEqual([200, null]);
  });
});

describe('GET …/email-index?address=', () => {
  it.each([
    'titania@x.com',
    'titania%40x.com',
    'TITANIA@X.com',
    '%20titania@x.com%20',
    '+titania@x.com+',
    'titania@x.com&x=1',
  ])('%s finds titania@x.com', async (value) => {
    const { get } = node();
    const { status, body } = await get(`?address=${value}`);
    expect([status, Object.keys(body)]).toEqual([200, ['titania@x.com']]);
  });

  it.each(['a%2Bb@x.com', 'a+b@x.com'])('%s finds a+b@x.com, for gateways send either', async (value) => {
    const { get } = node();
    expect(Object.keys((await get(`?address=${value}`)).body)).toEqual(['a+b@x.com']);
  });

  it('reads a plus as a space where only that is held', async () => {
    const { get, index } = node();
    index.put(agentOf('spaced', ['"a b"@x.com']));
    expect(Object.keys((await get('?address=%22a+b%22@x.com')).body)).toEqual(['"a b"@x.com']);
    index.put(agentOf('plussed', ['"a+b"@x.com']));
    expect(Object.keys((await get('?address=%22a+b%22@x.com')).body)).toEqual(['"a+b"@x.com']);
  });

  it.each([
    'nobody@x.com',
    'quiet@x.com',
    '',
    'nonsense',
    '%',
    '%C0%AF@x.com',
    '__proto__',
    'constructor',
    'a@b@c',
    `${'a'.repeat(5_000)}@x.com`,
  ])('%s is a miss: 200 and the empty map', async (value) => {
    const { get } = node();
    const { status, body } = await get(`?address=${value}`);
    expect([status, body]).toEqual([200, {}]);
  });
});

describe('GET …/email-index?agentId=', () => {
  it("answers all of that agent's addresses", async () => {
    const { get } = node();
    expect(Object.keys((await get('?agentId=id-titania')).body)).toEqual(['titania@x.com', 'queen@x.com']);
  });

  it('answers the empty map for an agent whose email is disabled', async () => {
    const { get } = node();
    expect(await get('?agentId=id-quiet')).toMatchObject({ status: 200, body: {} });
  });

  it.each(['id-nobody', '', '__proto__', 'constructor', '%00', 'x'.repeat(5_000)])(
    '%s, unknown here, is 404 naming the field',
    async (value) => {
      const { get } = node();
      const { status, body } = await get(`?agentId=${value}`);
      expect([status, body]).toMatchObject([404, { error: 'not_found', field: 'agentId' }]);
    },
  );

  it('must match together with the address', async () => {
    const { get } = node();
    expect(Object.keys((await get('?agentId=id-titania&address=Queen@x.com')).body)).toEqual(['queen@x.com']);
    expect((await get('?agentId=id-plus&address=queen@x.com')).body).toEqual({});
    expect((await get('?agentId=id-nobody&address=queen@x.com')).status).toBe(404);
  });
});

describe('GET …/email-index?federated=true', () => {
  const atCloud = says({ 'oberon@x.com': wireEntry('cloud', 'oberon') });

  it('answers emails and meta of the whole mesh', async () => {
    const { get } = node({ cloud: atCloud });
    const { status, headers, body } = await get('?federated=true');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(Object.keys(body.emails)).toEqual(['titania@x.com', 'queen@x.com', 'a+b@x.com', 'oberon@x.com']);
    expect(body.emails['oberon@x.com']).toEqual({
      agentId: 'id-oberon',
      agentName: 'oberon',
      hostId: 'cloud',
      hostUrl: urlOf('cloud'),
      primary: true,
    });
    expect(body.meta).toEqual({ federated: true, hostsQueried: 2, hostsSucceeded: 2, hostsFailed: [], queryTime: 0 });
  });

  it('asks about one address, and about one agent', async () => {
    const { get, transport } = node({ cloud: atCloud });
    expect(Object.keys((await get('?address=Oberon@x.com&federated=true')).body.emails)).toEqual(['oberon@x.com']);
    expect(Object.keys((await get('?agentId=id-oberon&federated=true')).body.emails)).toEqual(['oberon@x.com']);
    expect(transport.asked.map((request) => request.path)).toEqual([
      `${PATH}?address=oberon%40x.com`,
      `${PATH}?agentId=id-oberon`,
    ]);
  });

  it('answers empty emails for an agent that nobody has', async () => {
    const { get } = node({ cloud: says({}) });
    const { status, body } = await get('?agentId=id-nobody&federated=true');
    expect([status, body]).toMatchObject([200, { emails: {}, meta: { hostsQueried: 2, hostsFailed: [] } }]);
  });

  it.each(['address=nonsense', 'address=', 'agentId=a/b', 'agentId=id-oberon&address=%00'])(
    'does not trouble the peers with what nobody can hold (%s)',
    async (query) => {
      const { get, transport } = node({ cloud: atCloud });
      const { status, body } = await get(`?${query}&federated=true`);
      expect([status, body]).toMatchObject([200, { emails: {}, meta: { federated: true, hostsFailed: [] } }]);
      expect(transport.asked).toEqual([]);
    },
  );

  it('tries both readings of a plus', async () => {
    const { get } = node({ cloud: says({ '"a b"@x.com': wireEntry('cloud', 'oberon') }) });
    expect(Object.keys((await get('?address=%22a+b%22@x.com&federated=true')).body.emails)).toEqual(['"a b"@x.com']);
    expect(Object.keys((await get('?address=a+b@x.com&federated=true')).body.emails)).toEqual(['a+b@x.com']);
  });

  it.each(['TRUE', '1', 'yes', '', 'true '])('is the local map for federated=%s', async (value) => {
    const { get, transport } = node({ cloud: atCloud });
    expect((await get(`?federated=${encodeURIComponent(value)}`)).body).toHaveProperty(['titania@x.com']);
    expect(transport.asked).toEqual([]);
  });

  it('names the hosts that failed', async () => {
    const { get } = node({ cloud: atCloud, pi: says('<html>') });
    const { body } = await get('?federated=true');
    expect(body.meta).toMatchObject({ hostsQueried: 3, hostsSucceeded: 2, hostsFailed: ['pi'] });
  });

  it('writes an answer of many entries whole', async () => {
    const many = ENTRIES_PER_TURN_MAX + 1;
    const entries = Array.from({ length: many }, (_, n) => [`o${n}@x.com`, wireEntry('cloud', 'oberon')]);
    const { get } = node({ cloud: says(Object.fromEntries(entries)) });
    const { body } = await get('?federated=true');
    expect(Object.keys(body.emails)).toHaveLength(many + 3);
    expect(body.meta.hostsSucceeded).toBe(2);
  });

  it('is given up when its only client leaves, without a word in the log', async () => {
    const { app, transport, clock, log } = node({ cloud: () => new Promise(() => {}) });
    const client = new AbortController();
    const answer = app.request(`${PATH}?federated=true`, { signal: client.signal });
    await clock.settle();
    client.abort();
    expect((await answer).status).toBe(499);
    expect(transport.signals.map((signal) => signal?.aborted)).toEqual([true]);
    expect(log.events).toEqual([]);
  });
});

describe('a question with X-Federated-Query: true', () => {
  const headers = { 'X-Federated-Query': 'true' };

  it('is answered with the local bare map, never passed on', async () => {
    const { get, transport } = node({ cloud: says({}) });
    expect((await get('?federated=true', headers)).body).toHaveProperty(['titania@x.com']);
    expect(Object.keys((await get('?federated=true&address=queen@x.com', headers)).body)).toEqual(['queen@x.com']);
    expect(transport.asked).toEqual([]);
  });

  it('is the empty map for an unknown agent, for the asking host is told 404 as a failure', async () => {
    const { get } = node();
    expect(await get('?agentId=id-nobody', headers)).toMatchObject({ status: 200, body: {} });
  });
});
