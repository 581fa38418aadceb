// Events of mail beside changes of the agent: one gap-free sequence, whatever overlaps, and through restarts and deletions.
import { describe, expect, it } from 'vitest';
import type { AgentId } from '../../../mesh/names.ts';
import type { Registry } from '../../../node/registry/registry.ts';
import { call, type TestRegistry, testRegistry } from '../../support/test-registry.ts';

const A1 = 'a1' as AgentId;
const email = {
  email_id: 'e1',
  messageId: '<e1@x.com>',
  from: 'a@x.com',
  subject: 'Hello',
  state: 'sent',
  recipients: [{ address: 'b@x.com', state: 'sent' }],
};

function tell(registry: Registry, count = 1): Promise<void> {
  const drafts = Array.from({ length: count }, () => ({ event: 'email.sent' as const, email }));
  return registry.mail.commitMail({ agentId: A1, agentName: 'gone', drafts, writes: [], apply: () => undefined });
}

async function sequences(node: TestRegistry): Promise<readonly number[]> {
  return (await node.registry.changes.read(0, 1_000)).map(({ sequence }) => sequence);
}

async function withAgent(): Promise<TestRegistry> {
  const node = await testRegistry();
  await call(node.app, 'POST', '/api/agents', { id: 'a1', name: 'titania' });
  return node;
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

describe('events of mail', () => {
  it("are counted with the agent's own, also when they overlap", async () => {
    const node = await withAgent();
    await Promise.all([
      tell(node.registry),
      node.registry.agents.patch(A1, { label: 'one' }),
      tell(node.registry, 2),
      node.registry.agents.patch(A1, { label: 'two' }),
      tell(node.registry),
    ]);
    expect(await sequences(node)).toEqual(upTo(7));
  });

  it('are committed together with what they tell of', async () => {
    const node = await withAgent();
    let applied = false;
    const writes = [{ key: 'send/x', value: { n: 1 } }];
    const drafts = [{ event: 'email.failed' as const, email }];
    const apply = () => {
      applied = true;
    };
    await node.registry.mail.commitMail({ agentId: A1, agentName: '', drafts, writes, apply });
    const [entry] = await node.registry.changes.read(1, 1);
    expect([applied, entry?.event, entry?.agent.name, await node.store.get('send/x')]).toEqual([
      true,
      'email.failed',
      'titania',
      { n: 1 },
    ]);
  });

  it('go on after a restart', async () => {
    const node = await withAgent();
    await tell(node.registry, 3);
    const again = await testRegistry({ disk: node.store.crash() });
    await again.registry.agents.patch(A1, { label: 'one' });
    await tell(again.registry);
    expect(await sequences(again)).toEqual(upTo(6));
  });

  it('go on after the agent was deleted, and when it is made again', async () => {
    const node = await withAgent();
    await tell(node.registry);
    await node.registry.agents.remove(A1);
    await tell(node.registry);
    const again = await testRegistry({ disk: node.store.crash() });
    await tell(again.registry);
    await call(again.app, 'POST', '/api/agents', { id: 'a1', name: 'titania' });
    const entries = await again.registry.changes.read(0, 100);
    expect(entries.map(({ sequence, agent }) => [sequence, agent.name])).toEqual([
      [1, 'titania'],
      [2, 'titania'],
      [3, 'titania'],
      [4, 'gone'],
      [5, 'gone'],
      [6, 'titania'],
    ]);
  });
});
