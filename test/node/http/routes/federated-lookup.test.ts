import { describe, expect, it } from 'vitest';
import { verifyResponse } from '../../../../mesh/signature/response.ts';
import { optionalPeerAuth } from '../../../../node/http/peers/peer-auth.ts';
import { indexNode as node, INDEX_PATH as PATH } from '../../../support/index-node.ts';
import { urlOf } from '../../../support/roster-of.ts';
import { says, wireEntry } from '../../../support/scripted-peers.ts';
import { partsOf, trustingHosts } from '../../../support/trusting-hosts.ts';

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
    const many = 2_001;
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

describe("a peer's signed question", () => {
  it.each(['', '?address=titania@x.com', '?agentId=id-titania', '?address=nobody@x.com'])(
    '%s gets an answer whose signature covers what it says',
    async (query) => {
      const { mac, cloud } = trustingHosts('mac', 'cloud');
      const { app, clock } = node({}, (inner, ownClock) => inner.use(PATH, optionalPeerAuth(mac.auth(ownClock))));
      const signed = cloud.request(mac.id, { path: `${PATH}${query}` }, clock);
      const question = new Request(signed, { headers: [...signed.headers, ['X-Federated-Query', 'true']] });
      const response = await app.request(question);
      const body = new Uint8Array(await response.arrayBuffer());
      const answer = { status: 200, body, field: (name: string) => response.headers.get(name) ?? undefined };
      const expected = {
        from: mac.id,
        to: cloud.id,
        key: mac.key,
        request: partsOf(signed),
        nowSeconds: clock.wallMs() / 1_000,
      };
      expect(() => verifyResponse(answer, expected)).not.toThrow();
      expect(() => verifyResponse({ ...answer, body: body.slice(1) }, expected)).toThrow();
    },
  );
});
