// `mesh import` of the original's files, over a real node without a socket.
// Longer than 300 lines: the cases share one folder of the original, as it was found, and the node that takes it in.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importFiles } from '../../../node/cli/import-command.ts';
import { readHosts } from '../../../node/cli/moved-files.ts';
import type { NodeClient } from '../../../node/cli/node-client.ts';
import { PLAIN } from '../../../node/cli/report.ts';
import { clientOf } from '../../support/node-client-of.ts';
import { type TestNode, testNode } from '../../support/test-node.ts';

const email = (...addresses: readonly unknown[]) => ({ email: { enabled: true, addresses } });
const REGISTRY = [
  {
    ...{ id: 'a-1', name: 'titania', label: 'Titania', hostId: 'mac', program: 'claude', avatar: '🤖', tags: ['x'] },
    ...{ taskDescription: 'rules', sessions: [], status: 'active', metadata: { team: 'fairies' } },
    tools: email(
      { address: 'Titania@X.com', displayName: 'Titania', metadata: { tenant: 't' } },
      { address: 'queen@x.com', primary: true },
      { address: 'not an address' },
    ),
  },
  {
    id: 'a-2',
    alias: 'puck',
    hostId: 'local',
    tools: { email: { enabled: false, address: 'puck@x.com', provider: 'smtp' } },
  },
  { id: 'a-3', name: 'bottom', tools: email({ address: 'queen@x.com' }, { address: 'bottom@x.com' }) },
  { id: 'a-4', name: 'gone', deletedAt: '2026-01-01T00:00:00Z' },
  { id: 'a-5', name: 'far', hostId: 'cloud' },
  { id: 'a-6', name: 'Puck' },
  { name: 'no id' },
  'no agent',
];
const WEBHOOKS = [
  {
    id: 'w1',
    url: 'http://127.0.0.1:9/hooks',
    events: ['agent.email.changed'],
    secret: 'a-secret-of-sixteen',
    description: 'g',
  },
  {
    id: 'w2',
    url: 'http://127.0.0.1:9/old',
    events: ['agent.created'],
    secret: 'another-secret-of-16',
    status: 'inactive',
  },
  { id: 'w3', url: 'ftp://127.0.0.1/', events: ['agent.created'] },
];

let directory: string;
let node: TestNode;
let call: NodeClient;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mesh-import-'));
  node = await testNode();
  node.node.start();
  await node.clock.settle();
  call = clientOf(node);
});

afterEach(async () => {
  await node.node[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

function file(name: string, content: unknown): string {
  const path = join(directory, name);
  // As some editors on some systems save it.
  writeFileSync(path, `\ufeff${JSON.stringify(content)}`);
  return path;
}

const run = (wanted: Parameters<typeof importFiles>[2] = {}, by = call) =>
  importFiles(by, PLAIN, { registry: file('registry.json', REGISTRY), ...wanted }, undefined);

const agents = async () => {
  const { agents: all } = (await call('GET', '/api/agents')) as { agents: readonly Record<string, unknown>[] };
  return all;
};

/** What a report says of each agent, and of each thing that was left out. */
function outcomes(value: unknown): { readonly made: unknown; readonly left: unknown } {
  const { agents: made, left } = value as {
    agents: readonly { name: string; outcome: string; addresses: readonly string[] }[];
    left: readonly { agent: string; address?: string; why: string }[];
  };
  return {
    made: made.map(({ name, outcome, addresses }) => `${name} ${outcome}: ${addresses.join(' ')}`),
    left: left.map(({ agent, address, why }) => [agent, address, why]),
  };
}

describe('mesh import', () => {
  it('says in a dry run what would be made and what would be left out, and changes nothing', async () => {
    const { value, ok, text } = await run({ dryRun: true });
    expect(ok).toBe(false);
    expect(outcomes(value)).toEqual({
      made: [
        'titania would be made: Titania@X.com queen@x.com',
        'puck would be made: puck@x.com',
        'bottom would be made: bottom@x.com',
      ],
      left: [
        ['titania', 'not an address', expect.stringContaining('@-sign')],
        ['bottom', 'queen@x.com', "The file gives it to 'titania' too, which comes first."],
        ['far', undefined, expect.stringContaining("host 'cloud'")],
        ['Puck', undefined, expect.stringContaining("Another agent has the name 'Puck'")],
      ],
    });
    expect((value as { warnings: unknown }).warnings).toEqual([
      expect.stringMatching(/^Entry 6 of the agents can't be read \(id /),
      expect.stringMatching(/^Entry 7 of the agents can't be read/),
      "Agent 'gone' is deleted: left out.",
    ]);
    expect(text).toMatch(/titania +would be made +Titania@X\.com, queen@x\.com/);
    expect(await agents()).toEqual([]);
  });

  it('makes each agent with its addresses, and what is to be kept as metadata', async () => {
    await run({ keep: ['program', 'tags', 'metadata'] });
    expect(await agents()).toMatchObject([
      {
        ...{ id: 'a-1', name: 'titania', label: 'Titania', hostId: 'mac' },
        metadata: { team: 'fairies', program: 'claude', tags: '["x"]' },
        tools: {
          email: {
            enabled: true,
            addresses: [
              { address: 'titania@x.com', primary: false, displayName: 'Titania', metadata: { tenant: 't' } },
              { address: 'queen@x.com', primary: true },
            ],
          },
        },
      },
      { id: 'a-2', name: 'puck', tools: { email: { enabled: false, addresses: [{ address: 'puck@x.com' }] } } },
      { id: 'a-3', name: 'bottom', tools: { email: { addresses: [{ address: 'bottom@x.com' }] } } },
    ]);
    expect((await agents())[1]).not.toHaveProperty('metadata');
  });

  it('keeps all members as far as they fit, and names those that do not', async () => {
    const registry = file('one.json', [{ id: 'a', name: 'a', program: 'p', long: 'x'.repeat(5_000), last: 'l' }]);
    const { value } = await run({ registry, keep: ['all'] });
    expect(outcomes(value).left).toEqual([['a', undefined, expect.stringContaining('Its long do not fit')]]);
    expect((await agents())[0]).toMatchObject({ metadata: { program: 'p', last: 'l' } });
  });

  it('that was cut off is taken up by the same command: no doubles, nothing lost', async () => {
    let writes = 0;
    const webhooks = file('webhooks.json', WEBHOOKS.slice(0, 2));
    const dying: NodeClient = (...question) => {
      if (question[0] !== 'GET' && ++writes > 2) throw new Error('killed');
      return call(...question);
    };
    const first = await run({ webhooks }, dying);
    expect(outcomes(first.value).made).toEqual([
      'titania made: Titania@X.com queen@x.com',
      'puck made: puck@x.com',
      'bottom failed: bottom@x.com',
    ]);
    const second = await run({ webhooks });
    expect(outcomes(second.value).made).toEqual([
      'titania already here: ',
      'puck already here: ',
      'bottom made: bottom@x.com',
    ]);
    const third = await run({ webhooks });
    expect((third.value as { webhooks: unknown }).webhooks).toMatchObject([
      { outcome: 'already here' },
      { outcome: 'already here' },
    ]);
    expect((await agents()).map(({ name }) => name)).toEqual(['titania', 'puck', 'bottom']);
  });

  it('moves webhooks with their secrets; one that was inactive is disabled, one that is refused is named', async () => {
    const { value, ok } = await run({ webhooks: file('webhooks.json', { webhooks: WEBHOOKS }) });
    expect([ok, (value as { webhooks: unknown }).webhooks]).toEqual([
      false,
      [
        { url: WEBHOOKS[0]?.url, outcome: 'made' },
        { url: WEBHOOKS[1]?.url, outcome: 'made', why: 'It was inactive, and is disabled.' },
        { url: WEBHOOKS[2]?.url, outcome: 'failed', why: expect.stringMatching(/http/) },
      ],
    ]);
    const { webhooks: shown } = (await call('GET', '/api/webhooks')) as {
      webhooks: readonly Record<string, unknown>[];
    };
    expect(shown).toMatchObject([
      { url: WEBHOOKS[0]?.url, enabled: true, description: 'g' },
      { url: WEBHOOKS[1]?.url, enabled: false },
    ]);
    const kept = (await node.store.get(`webhook/subscription/${String(shown[0]?.id)}`)) as { secret: string };
    expect(kept.secret).toBe('a-secret-of-sixteen');
  });
});

describe('an address that somebody else has', () => {
  const elsewhere = { id: 'o', name: 'oberon', tools: email({ address: 'queen@x.com' }) };
  const addressesOf = async (id: string) => {
    const { agent } = (await call('GET', `/api/agents/${id}`)) as never as {
      agent: { tools: { email: { addresses: readonly { address: string }[] } } };
    };
    return agent.tools.email.addresses.map(({ address }) => address);
  };

  it('is left to who has it, unless taking is asked for', async () => {
    await call('POST', '/api/agents', { body: elsewhere });
    const { value } = await run();
    expect(outcomes(value).left).toContainEqual(['titania', 'queen@x.com', "'oberon' on host 'mac' has it."]);
    expect([await addressesOf('o'), await addressesOf('a-1')]).toEqual([['queen@x.com'], ['titania@x.com']]);
  });

  it('is taken from an agent of this node, and in the file by the later one', async () => {
    await call('POST', '/api/agents', { body: elsewhere });
    const { value } = await run({ onConflict: 'take' });
    expect([await addressesOf('o'), await addressesOf('a-1'), await addressesOf('a-3')]).toEqual([
      [],
      ['titania@x.com'],
      ['queen@x.com', 'bottom@x.com'],
    ]);
    expect(outcomes(value).left).toContainEqual(['titania', 'queen@x.com', "It goes to 'bottom', as was decided."]);
  });

  it('is given back when its new agent can’t be made', async () => {
    await call('POST', '/api/agents', { body: elsewhere });
    const refusing: NodeClient = (...question) =>
      question[0] === 'POST' && question[1] === '/api/agents'
        ? Promise.reject(new Error('no quorum'))
        : call(...question);
    const { value, ok } = await run({ onConflict: 'take' }, refusing);
    expect([ok, (value as { agents: unknown }).agents]).toMatchObject([
      false,
      [{ outcome: 'failed', why: 'no quorum' }, {}, {}],
    ]);
    expect(await addressesOf('o')).toEqual(['queen@x.com']);
  });

  it('is asked about, one by one', async () => {
    const questions: string[] = [];
    const ask = async (question: string) => {
      questions.push(question);
      return 'y';
    };
    await importFiles(call, PLAIN, { registry: file('registry.json', REGISTRY) }, ask);
    expect(questions).toEqual([
      "queen@x.com of 'bottom': The file gives it to 'titania' too, which comes first. Take it? [y/N] ",
    ]);
    expect(await addressesOf('a-3')).toEqual(['queen@x.com', 'bottom@x.com']);
  });

  it('can’t be asked about where nobody sits', async () => {
    await expect(run({ onConflict: 'ask' })).rejects.toThrow(/no terminal to ask at/);
    expect(await agents()).toEqual([]);
  });
});

describe('a file of the original', () => {
  it.each([
    ['is not there', undefined, /can't be read: ENOENT/],
    ['is no JSON', 'x', /is not JSON/],
    ['is cut off', '[{"id":"a"', /is not JSON/],
    ['is something else', '{"hosts":[]}', /is no list, and has none called 'agents'/],
  ])('that %s is named, and nothing is changed', async (_, content, sentence) => {
    const registry = join(directory, 'a-file.json');
    if (content !== undefined) writeFileSync(registry, content);
    await expect(run({ registry })).rejects.toThrow(sentence);
    expect(await agents()).toEqual([]);
  });

  it('of hosts is taken entry by entry', () => {
    const { items, warnings } = readHosts(
      JSON.stringify({
        organization: 'acme',
        hosts: [
          { id: 'local', name: 'This', url: 'http://10.0.0.1:23000/', type: 'local', tailscale: true },
          { id: 'Mac-Mini', name: 'Mini', url: 'http://10.0.0.2:23000' },
          { id: 'mac-mini', url: 'http://10.0.0.3:23000' },
          { id: 'no-url', name: 'n' },
          { id: 'path', url: 'http://10.0.0.4:23000/api' },
          { id: 'ftp', url: 'ftp://10.0.0.5' },
          { id: 'with space', url: 'http://10.0.0.6:23000' },
          7,
        ],
      }),
      'mac',
    );
    expect(items).toEqual([
      { id: 'mac', name: 'This', url: 'http://10.0.0.1:23000', type: 'local', tailscale: true },
      { id: 'mac-mini', name: 'Mini', url: 'http://10.0.0.2:23000' },
    ]);
    expect(warnings).toEqual([
      expect.stringContaining("hosts[2] is 'mac-mini' again"),
      expect.stringContaining("hosts[3] ('no-url') has no URL"),
      expect.stringContaining("hosts[4] ('path') has a URL with a path"),
      expect.stringContaining("hosts[5] ('ftp')"),
      expect.stringContaining('hosts[6] has no id'),
      expect.stringContaining('hosts[7] is no object'),
    ]);
    expect(readHosts('{"organization":"acme","hosts":[]}', 'mac')).toEqual({
      items: [],
      warnings: [expect.stringContaining('alone')],
    });
  });

  it('of hosts becomes a new hosts.json, never over one that is there', async () => {
    const hosts = file('hosts.json', { organization: 'acme', hosts: [{ id: 'mac', url: 'http://10.0.0.1:23000' }] });
    const writeHosts = join(directory, 'new.json');
    await run({ hosts, writeHosts });
    expect(JSON.parse(readFileSync(writeHosts, 'utf8'))).toEqual({
      hosts: [{ id: 'mac', url: 'http://10.0.0.1:23000' }],
    });
    await expect(run({ hosts, writeHosts })).rejects.toThrow(/can't be written: EEXIST/);
  });
});
