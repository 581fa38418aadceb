// What is kept of deleted agents: as long as the log has an entry of theirs, and no longer.
import { describe, expect, it } from 'vitest';
import type { AgentId } from '../../../mesh/names.ts';
import { DAY_MS, LOG_KEPT_MS_MIN, LogTrimmer } from '../../../node/changes/log-trimmer.ts';
import { GONE_SWEEP_INTERVAL_MS } from '../../../node/registry/gone-agents.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { type TestRegistry, type TestRegistryOptions, testRegistry } from '../../support/test-registry.ts';

const A1 = 'a1' as AgentId;
const MAIL = {
  email_id: 'e1',
  messageId: '<e1@x.com>',
  from: 'a@x.com',
  subject: 'Hello',
  state: 'sent',
  recipients: [{ address: 'b@x.com', state: 'sent' }],
};

interface LivingRegistry extends TestRegistry {
  /** Mail of that agent was sent. */
  mailed(id: AgentId): Promise<void>;
  /** Ids of deleted agents of which the disk has something. */
  kept(): readonly string[];
  stop(): void;
}

/** A registry whose log is trimmed, and which forgets. `heldFrom`: the position from which on a reader still needs the log. */
async function living(options: TestRegistryOptions & { readonly heldFrom?: number } = {}): Promise<LivingRegistry> {
  const node = await testRegistry(options);
  const { registry, clock, log, store } = node;
  const holder = { oldestSeq: options.heldFrom ?? Number.POSITIVE_INFINITY, giveUp: () => Promise.resolve() };
  const trimmer = new LogTrimmer({ changes: registry.changes, readers: [holder], keptMsMax: 7 * DAY_MS, clock, log });
  const stopping = new AbortController();
  void trimmer.run(stopping.signal);
  void registry.forgetGone(stopping.signal);
  return {
    ...node,
    mailed: (agentId) =>
      registry.mail.commitMail({
        ...{ agentId, agentName: 'gone', drafts: [{ event: 'email.sent', email: MAIL }] },
        ...{ writes: [], apply: () => undefined },
      }),
    kept: () => [...store.snapshot().keys()].flatMap((key) => (key.startsWith('agent-gone/') ? [key.slice(11)] : [])),
    stop: () => stopping.abort(),
  };
}

const made = (node: TestRegistry, id = A1) => node.registry.agents.create({ id, name: `name-${id}` });

describe('what is kept of a deleted agent', () => {
  it('goes once the log has nothing of it any more, and not earlier', async () => {
    const node = await living();
    await made(node);
    await node.registry.agents.remove(A1);
    await node.clock.advance(LOG_KEPT_MS_MIN - GONE_SWEEP_INTERVAL_MS);
    expect(node.kept()).toEqual(['a1']);
    await node.clock.advance(3 * GONE_SWEEP_INTERVAL_MS);
    expect(node.kept()).toEqual([]);
    expect(node.log.named('agents.forgotten')).toMatchObject([{ fields: { agents: 1 } }]);
    node.stop();
  });

  it('stays while a reader keeps its last event in the log', async () => {
    const node = await living({ heldFrom: 2 });
    await made(node);
    await node.registry.agents.remove(A1);
    await node.clock.advance(3 * DAY_MS);
    expect(node.kept()).toEqual(['a1']);
    await node.clock.advance(6 * DAY_MS);
    expect(node.kept()).toEqual([]);
    node.stop();
  });

  it('stays as long as its mail is told of', async () => {
    const node = await living();
    await made(node);
    await node.registry.agents.remove(A1);
    await node.clock.advance(LOG_KEPT_MS_MIN - 1);
    await node.mailed(A1);
    await node.clock.advance(LOG_KEPT_MS_MIN - GONE_SWEEP_INTERVAL_MS);
    expect(node.kept()).toEqual(['a1']);
    await node.mailed(A1);
    const [entry] = await node.registry.changes.read(node.registry.changes.head - 1, 1);
    expect(entry?.sequence).toBe(4);
    node.stop();
  });

  it('stays when mail is told of in the very moment in which it would go', async () => {
    const node = await living();
    await made(node);
    await node.registry.agents.remove(A1);
    await node.clock.advance(LOG_KEPT_MS_MIN + GONE_SWEEP_INTERVAL_MS - 1);
    node.store.stall();
    const mailed = node.mailed(A1);
    await node.clock.advance(GONE_SWEEP_INTERVAL_MS);
    node.store.resume();
    await mailed;
    await node.clock.advance(1);
    expect(JSON.parse(node.store.snapshot().get('agent-gone/a1') ?? '')).toMatchObject({ sequence: 3 });
    node.stop();
  });

  it('goes a day after the first look when an earlier version left it without a time', async () => {
    const disk = new Map([['agent-gone/old', '{"sequence":5}']]);
    const node = await living({ disk });
    await node.clock.advance(2 * GONE_SWEEP_INTERVAL_MS);
    expect(JSON.parse(node.store.snapshot().get('agent-gone/old') ?? '')).toMatchObject({ sequence: 5 });
    await node.clock.advance(LOG_KEPT_MS_MIN);
    expect(node.kept()).toEqual([]);
    node.stop();
  });

  it('is not kept for ever when the clock was set back', async () => {
    const disk = new Map([['agent-gone/old', '{"sequence":5,"at":"2999-01-01T00:00:00.000Z"}']]);
    const node = await living({ disk });
    await node.clock.advance(LOG_KEPT_MS_MIN + 2 * GONE_SWEEP_INTERVAL_MS);
    expect(node.kept()).toEqual([]);
    node.stop();
  });

  it('takes in what an earlier version counted beside the deletion', async () => {
    const disk = new Map([
      ['agent-gone/old', '{"sequence":5}'],
      ['agent-sequence/old', '{"sequence":6}'],
    ]);
    const node = await living({ disk });
    expect([...node.store.snapshot()].filter(([key]) => key.startsWith('agent'))).toEqual([
      ['agent-gone/old', '{"sequence":6}'],
    ]);
    node.stop();
  });

  it('counts mail as of an agent that is gone from the moment in which its deletion is on its way', async () => {
    const node = await living();
    await made(node);
    node.store.stall();
    const ended = [node.registry.agents.remove(A1), node.clock.advance(1).then(() => node.mailed(A1))];
    await node.clock.advance(2);
    node.store.resume();
    await Promise.all(ended);
    const keys = [...node.store.snapshot().keys()].filter((key) => key.startsWith('agent'));
    expect(keys).toEqual(['agent-gone/a1']);
    node.stop();
  });

  it('leaves no gap and no repeat in what the log has of any agent, through restarts, and nothing behind', async () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const random = seededRandom(seed);
      const pick = (count: number) => Math.floor(random.next() * count);
      let node = await living();
      for (let turn = 0; turn < 40; turn += 1) {
        const id = `a${pick(3)}` as AgentId;
        const isThere = node.registry.table.find(id) !== undefined;
        const what = pick(6);
        if (what === 0) await node.clock.advance(pick(2 * DAY_MS));
        else if (what === 1) {
          node.stop();
          node = await living({ disk: node.store.crash(), clock: node.clock, claims: node.claims });
        } else if (what <= 3) await node.mailed(id);
        else if (isThere) await Promise.all([node.registry.agents.remove(id), node.mailed(id)]);
        else await Promise.all([made(node, id), node.mailed(id)]);
        await expectCounted(node, seed);
      }
      for (const { id } of node.registry.table.list()) await node.registry.agents.remove(id);
      await node.clock.advance(3 * DAY_MS);
      expect([seed, node.kept(), node.registry.changes.oldestSeq]).toEqual([seed, [], node.registry.changes.head + 1]);
      node.stop();
    }
  });
});

async function expectCounted({ registry }: TestRegistry, seed: number): Promise<void> {
  const last = new Map<string, number>();
  for (const { agent, sequence } of await registry.changes.read(0, 1_000)) {
    const before = last.get(agent.id);
    if (before !== undefined) expect([seed, agent.id, sequence]).toEqual([seed, agent.id, before + 1]);
    last.set(agent.id, sequence);
  }
}
