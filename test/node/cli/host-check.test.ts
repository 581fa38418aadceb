import { describe, expect, it } from 'vitest';
import { checkHosts, type Reach } from '../../../node/cli/host-check.ts';
import { type NodeClient, NodeRefusal } from '../../../node/cli/node-client.ts';
import { PLAIN } from '../../../node/cli/report.ts';

const listed = (id: string, more: object = {}) => ({
  ...{ id, url: `http://${id}`, status: 'online', key: { state: 'pinned', publicKey: `key of ${id}` } },
  ...more,
});
const MESH: NodeClient = async () => ({
  hosts: [listed('mac'), listed('cloud'), listed('desk', { status: 'disabled' })],
});
const says = (id: string, hosts: readonly object[], identity: object = {}): NodeClient => {
  const host = { id, version: '1.2.3', publicKey: `key of ${id}`, ...identity };
  return async (_, path) => (path === '/api/hosts/identity' ? { host } : { hosts });
};
const reaching =
  (answers: Readonly<Record<string, NodeClient>>): Reach =>
  (url) =>
    answers[url] ?? (() => Promise.reject(new Error('It does not answer.')));
const [MAC, CLOUD] = [says('mac', [listed('mac'), listed('cloud')]), says('cloud', [listed('mac'), listed('cloud')])];

describe('mesh hosts check', () => {
  it('shows each enabled host, and that each sees all others', async () => {
    const { text, ok } = await checkHosts(MESH, PLAIN, reaching({ 'http://mac': MAC, 'http://cloud': CLOUD }));
    expect([ok, text.replace(/\d+ ms/g, 'N ms').split('\n')]).toEqual([
      true,
      [
        '    HOST   ANSWERS  VERSION  SEES  URL',
        'ok  mac    N ms     1.2.3    all   http://mac',
        'ok  cloud  N ms     1.2.3    all   http://cloud',
      ],
    ]);
  });

  it('says of a host that tells strangers nothing that it is there, and itself', async () => {
    const closed =
      (id: string): NodeClient =>
      async (_, path) => {
        if (path === '/health') return { status: 'ok', version: '1.2.3', host: id };
        throw new NodeRefusal('GET /api/hosts/identity needs a token.', 401);
      };
    const asking = (id: string) => checkHosts(MESH, PLAIN, reaching({ 'http://mac': MAC, 'http://cloud': closed(id) }));
    const { text, ok } = await asking('cloud');
    expect([ok, text]).toEqual([true, expect.stringMatching(/^ok +cloud +\d+ ms +1\.2\.3 /m)]);
    expect(text).toContain('cloud: it tells whom it sees to nobody without a token (MESH_READ_TOKEN)');
    expect(await asking('eve')).toMatchObject({ ok: false, text: expect.stringMatching(/host 'eve' answers there/) });
  });

  it.each<[string, Readonly<Record<string, NodeClient>>, RegExp]>([
    ['does not answer', {}, /^!! +cloud +not reached[\s\S]*^cloud: It does not answer\.$/m],
    ['is another', { 'http://cloud': says('eve', []) }, /^cloud: host 'eve' answers there: one of the two/m],
    ['has another key', { 'http://cloud': says('cloud', [], { publicKey: 'another' }) }, /^cloud: .*another key/m],
    [
      'does not see a host',
      { 'http://cloud': says('cloud', [listed('cloud'), listed('mac', { status: 'offline' })]) },
      /not mac[\s\S]*^cloud: mac answers here and not there: look at the firewall/m,
    ],
    [
      'does not see one that is away',
      { 'http://mac': says('mac', [listed('cloud', { status: 'offline' })]) },
      /not cloud[\s\S]*^\ncloud: It does not answer\.$(?![\s\S]*firewall)/m,
    ],
    ['is no node', { 'http://cloud': async () => ({}) }, /^cloud: it is no node of this program/m],
  ])('says so when a host %s', async (_, answers, words) => {
    const { text, ok } = await checkHosts(MESH, PLAIN, reaching({ 'http://mac': MAC, ...answers }));
    expect(ok).toBe(false);
    expect(text).toMatch(words);
  });
});
