// `mesh agents …`, `lookup`, `claim`, `release`, over a real node without a socket.
import { describe, expect, it } from 'vitest';
import { claim, lookUp, release } from '../../../node/cli/address-commands.ts';
import { createAgent, deleteAgent, listAgents, showAgent } from '../../../node/cli/agent-commands.ts';
import type { NodeClient } from '../../../node/cli/node-client.ts';
import { PLAIN } from '../../../node/cli/report.ts';
import { clientOf } from '../../support/node-client-of.ts';
import { testNode } from '../../support/test-node.ts';

async function setUp() {
  const node = await testNode();
  node.node.start();
  await node.clock.settle();
  return { ...node, call: clientOf(node) };
}

const MADE = { id: 'a1', label: 'The queen', address: ['titania@x.com', 't@x.com'] };

describe('mesh agents', () => {
  it('creates one with its addresses, the first of them primary, and shows it', async () => {
    const { call } = await setUp();
    const { text, ok } = await createAgent(call, PLAIN, 'titania', MADE);
    expect([ok, text.replace(/since .*/, 'since then').split('\n')]).toEqual([
      true,
      [
        'titania',
        'id       a1',
        'label    The queen',
        'host     mac',
        'since then',
        'email    on',
        'primary  titania@x.com',
        'address  t@x.com',
      ],
    ]);
    expect((await showAgent(call, PLAIN, 'titania')).text).toBe(text);
  });

  it('lists them, those of all pages', async () => {
    const { call } = await setUp();
    await createAgent(call, PLAIN, 'titania', MADE);
    await createAgent(call, PLAIN, 'oberon', { id: 'a2' });
    const paged = (path: string) => call('GET', path.includes('cursor') ? path : `${path}?limit=1`);
    const { text } = await listAgents((_, path) => paged(path), PLAIN);
    expect(text.split('\n')).toEqual([
      'NAME     PRIMARY ADDRESS  ALL  LABEL      ID',
      'titania  titania@x.com    2    The queen  a1',
      'oberon                    0               a2',
    ]);
  });

  it('says that there are none', async () => {
    const { call } = await setUp();
    expect(await listAgents(call, PLAIN)).toEqual({ text: 'This host has no agent.', value: [], ok: true });
  });

  it('deletes one by its name, whose addresses are free then', async () => {
    const { call } = await setUp();
    await createAgent(call, PLAIN, 'titania', MADE);
    expect((await deleteAgent(call, 'titania')).text).toBe('titania (a1) is deleted.');
    await createAgent(call, PLAIN, 'oberon', { id: 'a2' });
    expect((await claim(call, 'oberon', 'titania@x.com', {})).ok).toBe(true);
  });

  it.each([
    ['nobody', /no agent whose id or name is 'nobody'; npx mesh agents list/],
    ['twice', /2 agents called 'twice': a1, a2\. Name one by its id/],
  ])('means no agent by %s, and says so', async (given, sentence) => {
    const agents = ['a1', 'a2'].map((id) => ({ id, name: 'twice' }));
    await expect(showAgent(async () => ({ agents }), PLAIN, given)).rejects.toThrow(sentence);
  });
});

describe('mesh claim and release', () => {
  it('give an address to an agent, and take it back', async () => {
    const { call } = await setUp();
    await createAgent(call, PLAIN, 'titania', { id: 'a1' });
    expect((await claim(call, 'titania', 'o@x.com', { displayName: 'Oberon' })).text).toBe(
      "o@x.com is titania's (a1).",
    );
    expect((await release(call, 'o@x.com')).text).toBe('o@x.com is taken from titania (a1).');
    await expect(release(call, 'o@x.com')).rejects.toThrow(/No agent of this host shows o@x\.com/);
  });

  it('name the host that has an address, where it is not this one', async () => {
    const { call } = await setUp();
    const owner = { agentId: 'a1', agentName: 'oberon', hostId: 'cloud', hostUrl: 'http://10.0.0.2:23000' };
    // With MESH_INDEX_SCOPE=mesh the plain index shows it; else only a federated look-up does.
    for (const plain of [{ 'o@x.com': owner }, {}]) {
      const shown: NodeClient = async (method, path, options) => {
        if (!path.startsWith('/api/agents/email-index')) return call(method, path, options);
        return path.includes('federated=true') ? { emails: { 'o@x.com': owner } } : plain;
      };
      await expect(release(shown, 'o@x.com')).rejects.toThrow(
        "o@x.com belongs to oberon (a1) on host 'cloud', and is released there: npx mesh release o@x.com --url http://10.0.0.2:23000",
      );
    }
  });

  it('refuse what the node refuses, in its words', async () => {
    const { call } = await setUp();
    await createAgent(call, PLAIN, 'titania', MADE);
    await createAgent(call, PLAIN, 'oberon', { id: 'a2' });
    await expect(claim(call, 'oberon', 'titania@x.com', {})).rejects.toThrow(/titania@x\.com/);
  });
});

describe('mesh lookup', () => {
  it.each([
    ['on this host', {}],
    ['of all hosts', { federated: true }],
    ['of the owner', { verify: true }],
    ['in the copy', { index: true }],
  ] as const)('%s says who has an address', async (_, how) => {
    const { call } = await setUp();
    await createAgent(call, PLAIN, 'titania', MADE);
    await claim(call, 'titania', 'q@x.com', { displayName: 'Queen' });
    const { text, ok } = await lookUp(call, 'q@x.com', how);
    expect([ok, text.split('\n').slice(0, 2)]).toEqual([
      true,
      ['ADDRESS  NAME   AGENT         HOST', 'q@x.com  Queen  titania (a1)  mac at http://127.0.0.1:23000'],
    ]);
  });

  it('says that nobody of this host has it, and where to ask further', async () => {
    const { call } = await setUp();
    const { text, ok } = await lookUp(call, 'q+z@x.com', {});
    expect([ok, text]).toEqual([false, 'No agent of this host has q+z@x.com; ask all hosts with --federated.']);
  });

  it('names the hosts that were not heard', async () => {
    const answer = { emails: {}, meta: { hostsFailed: ['mini'], complete: false, asOf: null } };
    const { text, ok } = await lookUp(async () => answer, 'q@x.com', { index: true });
    expect([ok, text.split('\n')]).toEqual([
      false,
      [
        'Nobody has q@x.com, as far as is known.',
        'Not heard: mini. An absence does not count while a host is silent.',
        'The copy is not complete (as of never).',
      ],
    ]);
  });
});
