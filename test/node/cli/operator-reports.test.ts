// What an operator reads in a shell, over a real node without a socket.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { parseMeasures } from '../../../node/cli/measures.ts';
import type { NodeClient } from '../../../node/cli/node-client.ts';
import {
  conflicts,
  evict,
  join,
  recover,
  resolveConflict,
  status,
  verifyLog,
} from '../../../node/cli/operator-reports.ts';
import { PLAIN } from '../../../node/cli/report.ts';
import { clientOf } from '../../support/node-client-of.ts';
import type { PeerScript } from '../../support/scripted-peers.ts';
import { type TestNodeOptions, testNode } from '../../support/test-node.ts';

const gone: PeerScript = () => Promise.reject(new MeshError('peer_silent', 'It is gone.'));

async function setUp(options: TestNodeOptions = {}) {
  const node = await testNode(options);
  node.node.start();
  await node.clock.settle();
  const measures = async () => {
    const response = await node.node.fetch(new Request('http://localhost/metrics', { headers: { host: 'localhost' } }));
    return parseMeasures(await response.text());
  };
  return { ...node, call: clientOf(node), asking: { measures, nowMs: node.clock.wallMs() } };
}

describe('mesh status', () => {
  it('asks a node that says nothing once, for each question takes a minute', async () => {
    const asked: string[] = [];
    const silent: NodeClient = async (_, path) => {
      asked.push(path);
      throw new Error('no answer within 60 s');
    };
    const measures = () => Promise.reject(new Error('no answer'));
    await expect(status(silent, PLAIN, { measures, nowMs: 0 })).rejects.toThrow('no answer within 60 s');
    expect(asked).toEqual(['/api/hosts']);
  });

  it('says that all is well, and what decides', async () => {
    const { call, ask, asking } = await setUp();
    await ask('POST', '/api/agents', { name: 'titania', tools: { email: { addresses: [{ address: 'a@x.com' }] } } });
    const { text, ok } = await status(call, PLAIN, asking);
    expect([ok, text.split('\n')]).toEqual([
      true,
      [
        'Ready: addresses can be claimed.',
        '',
        'ok  quorum         Epoch 1: mac alone decides.',
        'ok  hosts          this one alone',
        'ok  feeds          no other host is followed',
        'ok  conflicts      none',
        'ok  subscriptions  0 enabled, nothing waits',
        'ok  dead letters   none',
        'ok  sending        off: no account is set (MESH_SEND_ACCOUNTS)',
        'ok  mailbox        off: this host keeps no inboxes (MESH_MAILBOX)',
        'ok  disk           not measured',
        'ok  clock          no host says that it differs by more than 60 s',
        '',
        'HOST        STATUS  VOTES  KEY  URL',
        'mac (this)  online  yes    own  http://127.0.0.1:23000',
      ],
    ]);
  });

  it('says what is missing, and who differs', async () => {
    const { call, asking } = await setUp({ peers: { cloud: gone } });
    const { text, ok } = await status(call, PLAIN, asking);
    expect(ok).toBe(false);
    expect(text).toMatch(/^!! +hosts +cloud of 2 does not answer.*npx mesh hosts check.*npx mesh hosts remove cloud$/m);
    expect(text).toMatch(/^Not ready: The mesh has not formed yet.*cloud has not answered/);
    expect(text).toMatch(/^cloud +offline +yes +unknown +http:\/\/cloud/m);
    expect(text).toMatch(/Remarks:\n {2}cloud: It is gone/);
  });
});

describe('mesh status of a peer that counts as legacy by its own word', () => {
  it('says what to do', async () => {
    const { call, asking } = await setUp({ peers: { cloud: gone } });
    const remarked: NodeClient = async (method, path, options) => {
      const answer = (await call(method, path, options).catch(() => ({}))) as { hosts?: object[] };
      const hosts = answer.hosts?.map((host) => ({ ...host, legacy: true, remark: 'Say "legacy": true.' }));
      return { ...answer, ...(hosts && { hosts }) };
    };
    const { text } = await status(remarked, PLAIN, asking);
    expect(text).toMatch(/^cloud .*none \(look-up only\)/m);
    expect(text).toMatch(/cloud: It is gone\.\n {2}cloud: Say "legacy": true\./);
  });
});

describe('mesh status, of addresses that another host has too', () => {
  it('counts them', async () => {
    const { call, asking } = await setUp();
    const listed: NodeClient = async (method, path, options) =>
      path === '/api/conflicts' ? { conflicts: [{}], undecided: [{}, {}] } : call(method, path, options);
    const { text, ok } = await status(listed, PLAIN, asking);
    expect(ok).toBe(false);
    expect(text).toMatch(
      /^!! +conflicts +another host has addresses of this one too, 1 conceded, 2 undecided: see npx mesh conflicts$/m,
    );
  });
});

describe('mesh conflicts', () => {
  it('says that there are none', async () => {
    const { call } = await setUp();
    expect(await conflicts(call)).toMatchObject({ text: 'No address of this host is claimed elsewhere.', ok: true });
  });

  it('lists what is undecided', async () => {
    const listed: NodeClient = async () => ({
      conflicts: [
        {
          address: 'b@x.com',
          agentName: 'titania',
          since: '2026-01-02T00:00:00Z',
          claimedBy: { agentName: 'oberon', hostId: 'cloud', since: '2026-01-01T00:00:00Z' },
        },
      ],
      undecided: [
        { address: 'a@x.com', hostId: 'old', legacy: true },
        { address: 'c@x.com', hostId: 'cloud' },
      ],
    });
    const { text, ok } = await conflicts(listed);
    expect([ok, text.split('\n')]).toEqual([
      false,
      [
        'CONCEDED  CLAIMED HERE BY                 STANDS',
        'b@x.com   titania (2026-01-02T00:00:00Z)  oberon on cloud (2026-01-01T00:00:00Z)',
        '',
        'Decide with: npx mesh conflicts ADDRESS --keep theirs|mine',
        '',
        'Undecided:',
        '  a@x.com, on old too, which serves only the look-up: take it back there',
        '  c@x.com, on cloud too: take it back on one of the two',
      ],
    ]);
  });
});

describe('mesh conflicts of more than a page', () => {
  it('lists them all', async () => {
    const pages: Readonly<Record<string, object>> = {
      '/api/conflicts': { conflicts: [], undecided: [{ address: 'a@x.com', hostId: 'desk' }], nextCursor: 'a+b@x.com' },
      '/api/conflicts?cursor=a%2Bb%40x.com': { conflicts: [], undecided: [{ address: 'c@x.com', hostId: 'desk' }] },
    };
    const { text } = await conflicts(async (_, path) => ({ ...pages[path] }));
    expect(text.match(/\S+@x\.com/g)).toEqual(['a@x.com', 'c@x.com']);
  });
});

describe('mesh evict', () => {
  it.each([
    [{ evicted: 'desk' }, { text: 'The addresses of desk are free.', ok: true }],
    [
      { evicting: 'desk', message: 'It waits.' },
      { text: 'It waits. npx mesh status shows it.', ok: false },
    ],
  ])('says of %j whether it is done', async (answer, printed) => {
    expect(await evict(async () => answer, 'desk')).toEqual({ ...printed, value: answer });
  });
});

describe('what the node refuses', () => {
  it.each<[string, (call: NodeClient) => Promise<unknown>, RegExp]>([
    ['join without a word about loss', (call) => join(call, 'cloud', false), /--accept-loss/],
    ['join of nobody', (call) => join(call, 'cloud', true), /not heard of/],
    ['recover without a word about loss', (call) => recover(call, ['mac'], false), /--accept-loss/],
    ['evict of nobody', (call) => evict(call, 'cloud'), /has not formed|never was/],
    ['a conflict that is none', (call) => resolveConflict(call, 'a+b@x.com', 'mine'), /no conflict over 'a\+b@x\.com'/],
  ])('%s is told as it says it', async (_, work, message) => {
    const { call } = await setUp();
    await expect(work(call)).rejects.toThrow(message);
  });
});

describe('mesh log verify', () => {
  it('says up to where the log fits its chain', async () => {
    const { call, ask, node } = await setUp();
    const { logId } = node.registry.changes;
    expect(await verifyLog(call)).toEqual({
      text: `Log ${logId} keeps no entry; 0 were written.`,
      value: { logId, oldest: 1, head: 0 },
      ok: true,
    });
    await ask('POST', '/api/agents', { name: 'titania', tools: { email: { addresses: [{ address: 'a@x.com' }] } } });
    expect(await verifyLog(call)).toMatchObject({
      text: `Log ${logId} fits its chain: entries 1 to 2, from the first on.`,
      ok: true,
    });
  });

  it('says what does not fit', async () => {
    const { call, ask, store } = await setUp();
    await ask('POST', '/api/agents', { name: 'titania', tools: { email: { addresses: [{ address: 'a@x.com' }] } } });
    const key = 'change/0000000000000002';
    await store.commit([{ key, value: { ...((await store.get(key)) as object), sequence: 9 } }]);
    const { text, ok } = await verifyLog(call);
    expect([ok, text]).toEqual([false, expect.stringMatching(/^Entry 2 of the log .* does not fit the chain/)]);
  });

  it('asks for every part, to where the log ended when it began', async () => {
    const asked: string[] = [];
    const growing: NodeClient = async (_, path) => {
      asked.push(path.replace(/.*after=/, ''));
      const to = 1_000 * asked.length;
      return { logId: 'l', from: to - 999, to, head: to + 1_500, oldest: asked.length === 1 ? 3 : 5 };
    };
    const { text } = await verifyLog(growing);
    expect(asked).toEqual(['0', '1000', '2000']);
    expect(text).toBe('Log l fits its chain: entries 3 to 2500, what came before is kept no more.');
  });
});
