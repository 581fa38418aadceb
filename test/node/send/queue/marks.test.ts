// The mark of an attempt rides with another commit where a connection is free: with the acceptance of the message, or with the outcome of the
// message before. It is durable before its message leaves, in whatever commit.
import { describe, expect, it } from 'vitest';
import type { Write } from '../../../../mesh/ports.ts';
import { account } from '../../../support/mail.ts';
import { accepted, MailWorld, notSent, type Script } from '../../../support/mail-world.ts';
import { begun, HOUR, inTurn, MINUTE, SECOND } from '../../../support/scripted-queue.ts';

const ONE = { accounts: [account({ connectionsMax: 1, ratePerHour: 1_000 })] };

/** A world with a connection that is up, and a disk that takes a second; what is committed, in short. */
async function ready(config: Parameters<typeof MailWorld.open>[0] = ONE): Promise<[MailWorld, string[]]> {
  const world = await MailWorld.open(config);
  world.readyFor = () => 9;
  world.syncMs = () => SECOND;
  const commits: string[] = [];
  watch(world, commits);
  return [world, commits];
}

function watch(world: MailWorld, commits: string[]): void {
  const commit = world.store.commit.bind(world.store);
  const short = ({ key, value }: Write) => `${value === undefined ? '-' : '+'}${key.split('/')[1]}`;
  Object.assign(world.store, {
    commit: (writes: readonly Write[]) => {
      commits.push(writes.map(short).join(' '));
      return commit(writes);
    },
  });
}

/** Accepts so many, which wait for the disk together. */
const acceptAll = (world: MailWorld, count: number, parts = {}) =>
  Array.from({ length: count }, () => world.queue.accept(world.draft(parts)));

async function marksOf({ store }: MailWorld): Promise<readonly string[]> {
  const kept: string[] = [];
  for await (const page of store.load('send/attempt/')) kept.push(...page.map(({ key }) => key));
  return kept;
}

describe('a message that a connection is free for', () => {
  it('is accepted and marked in one commit, and its end is another', async () => {
    const [world, commits] = await ready();
    const [first] = acceptAll(world, 1);
    await world.clock.advance(10 * SECOND);
    expect(commits).toEqual(['+message +content +attempt', '+message -content -attempt']);
    expect(world.get((await first)?.message.id ?? '').state).toBe('sent');
  });

  it('is not heard of by a server before it is durable; killed then, it was never there or is unknown', async () => {
    for (const unacknowledged of [0, 1]) {
      const [world] = await ready();
      acceptAll(world, 1);
      await world.clock.advance(SECOND / 2);
      await world.crash(unacknowledged);
      await world.clock.advance(HOUR);
      const { messages } = world.queue.list({ agentId: undefined, limit: 10 });
      expect([messages.map(({ state }) => state), world.shipped.length]).toEqual([
        unacknowledged === 0 ? [] : ['unknown'],
        0,
      ]);
    }
  });

  it('is unknown when the node is killed between its acceptance and its dot, and is not sent again', async () => {
    const [world] = await ready();
    world.script = begun(() => new Promise(() => undefined));
    const [accepting] = acceptAll(world, 1);
    await world.clock.advance(2 * SECOND);
    const { message } = (await accepting) ?? {};
    await world.crash();
    await world.clock.advance(25 * HOUR);
    expect([world.get(message?.id ?? '').state, world.shipped.length]).toEqual(['unknown', 1]);
  });

  it('waits when the node stops while it is accepted', async () => {
    const [world] = await ready();
    world.script = async (_, signal) => {
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return notSent('interrupted', 'transient', 'account');
    };
    const [accepting] = acceptAll(world, 1);
    const stopped = world.stop();
    await world.clock.advance(MINUTE);
    await stopped;
    const id = (await accepting)?.message.id ?? '';
    expect(world.get(id).state).toBe('queued');
    world.script = begun(accepted);
    await world.crash();
    await world.clock.advance(MINUTE);
    expect(world.get(id).state).toBe('sent');
  });

  it('waits its turn behind others, for its time, for a rate, and for a connection', async () => {
    for (const [config, parts, before] of [
      [ONE, {}, 2],
      [ONE, { sendAtMs: Number.POSITIVE_INFINITY }, 0],
      [{ ...ONE, agentRatePerHour: 0 }, {}, 0],
      [{ accounts: [account({ connectionsMax: 0 })] }, {}, 0],
    ] as const) {
      const [world, commits] = await ready(config);
      const sendAtMs = 'sendAtMs' in parts ? world.clock.wallMs() + HOUR : undefined;
      world.script = () => new Promise(() => undefined);
      acceptAll(world, before + 1, sendAtMs === undefined ? {} : { sendAtMs });
      expect(commits.at(-1)).toBe('+message +content');
    }
  });

  it('waits its turn behind a message for another account, and for a connection that is not up', async () => {
    const accounts = [
      account({ id: 'one', connectionsMax: 0, senders: ['@one.example.com'] }),
      account({ id: 'two', senders: ['@two.example.com'] }),
    ];
    const [world, commits] = await ready({ accounts });
    for (const name of ['one', 'two']) acceptAll(world, 1, { from: `ann@${name}.example.com` });
    await world.clock.advance(MINUTE);
    expect(commits.slice(0, 2)).toEqual(['+message +content', '+message +content +attempt']);
    acceptAll(world, 1, { from: 'ann@two.example.com' });
    expect(commits.at(-1)).toBe('+message +content');
    const [other, its] = await ready();
    other.readyFor = () => 0;
    acceptAll(other, 2);
    await other.clock.advance(MINUTE);
    expect(its.filter((commit) => commit.includes('+attempt'))).toEqual(['+attempt', '+attempt']);
  });

  it('makes its own mark when the free connections are promised to others', async () => {
    const [world, commits] = await ready({ accounts: [account({ connectionsMax: 5, ratePerHour: 1_000 })] });
    world.readyFor = () => 2;
    acceptAll(world, 3);
    expect(commits).toEqual(['+message +content +attempt', '+message +content +attempt', '+message +content']);
    await world.clock.advance(MINUTE);
    commits.length = 0;
    acceptAll(world, 3);
    expect(commits).toEqual(['+message +content +attempt', '+message +content +attempt', '+message +content']);
  });

  it('is not begun for a recipient who is on the list, a sender who gave its address up, or a failing account', async () => {
    for (const against of ['list', 'sender', 'account'] as const) {
      const [world, commits] = await ready();
      world.syncMs = undefined;
      if (against === 'list') {
        const adding = world.suppressions.adding([world.suppressions.bounced('bob@mail.example.com', '5.1.1')]);
        adding.apply();
      }
      if (against === 'sender') world.whyNotAs = () => 'It is not its address any more.';
      if (against === 'account')
        for (let count = 0; count < 5; count += 1) {
          world.script = () => notSent('connect_failed', 'transient', 'account');
          await world.accept();
          await world.clock.advance(0);
        }
      commits.length = 0;
      await world.accept();
      expect(commits[0]).toBe('+message +content');
    }
  });
});

describe('a message that waits for the connection of another', () => {
  it('is marked in the commit of the other’s end, and leaves when that is durable', async () => {
    const [world, commits] = await ready();
    const events: string[] = [];
    world.script = async (shipment) => {
      events.push('envelope');
      await shipment.begin();
      events.push(`body after ${commits.length} commits at ${world.clock.monotonicMs() / SECOND} s`);
      return accepted(shipment);
    };
    acceptAll(world, 3);
    await world.clock.advance(MINUTE);
    expect(commits).toEqual([
      '+message +content +attempt',
      '+message +content',
      '+message +content',
      '+message -content -attempt +attempt',
      '+message -content -attempt +attempt',
      '+message -content -attempt',
    ]);
    expect(events.filter((event) => event !== 'envelope')).toEqual([
      'body after 3 commits at 1 s',
      'body after 4 commits at 2 s',
      'body after 5 commits at 3 s',
    ]);
  });

  it('goes in the turn that it would go in by a mark of its own', async () => {
    const turns: string[][] = [];
    for (const isReady of [true, false]) {
      const [world] = await ready();
      world.readyFor = () => (isReady ? 9 : 0);
      world.script = begun(async (shipment) => {
        await world.clock.sleep(5 * SECOND);
        return accepted(shipment);
      });
      void world.accept({ agentId: 'z' });
      await world.clock.advance(3 * SECOND);
      const drafts = ['a', 'a', 'a', 'b', 'c', 'c', 'd'].map((agentId) => world.draft({ agentId }));
      for (const draft of drafts) void world.queue.accept(draft);
      await world.clock.advance(2 * MINUTE);
      const agents = new Map(drafts.map(({ content, agentId }) => [content.messageId, String(agentId)]));
      turns.push(world.shipped.slice(1).map(({ messageId }) => agents.get(messageId) ?? ''));
    }
    expect(turns[0]).toEqual(turns[1]);
    expect(turns[0]).toHaveLength(7);
  });

  it.each<[string, Script]>([
    ['refuses its sender', () => notSent('message_refused', 'transient', 'message')],
    ['is gone', () => notSent('connect_failed', 'transient', 'account')],
  ])('and is not said because the server %s at once has no mark left', async (_, refused) => {
    const [world, commits] = await ready();
    world.script = inTurn(begun(accepted), refused, () => new Promise(() => undefined));
    const [, second] = acceptAll(world, 2);
    await world.clock.advance(10 * SECOND);
    expect(commits.slice(2)).toEqual(['+message -content -attempt +attempt', '+message -attempt']);
    const id = (await second)?.message.id ?? '';
    expect(world.get(id).state).toBe('deferred');
    world.script = begun(accepted);
    await world.crash();
    await world.clock.advance(HOUR);
    expect(world.get(id).state).toBe('sent');
  });

  it('has its mark taken back after it was made, however long the end of the other takes', async () => {
    const [world] = await ready();
    let isFirst = true;
    world.beforeEvents = async () => {
      if (!isFirst) return;
      isFirst = false;
      await world.clock.sleep(5 * SECOND);
    };
    world.script = inTurn(begun(accepted), () => notSent('message_refused', 'transient', 'message'));
    const [, second] = acceptAll(world, 2);
    await world.clock.advance(20 * SECOND);
    expect([world.get((await second)?.message.id ?? '').state, await marksOf(world)]).toEqual(['deferred', []]);
  });

  it('has its mark taken back when the list got its recipient meanwhile', async () => {
    const [world] = await ready();
    const get = world.suppressions.reasonAgainst.bind(world.suppressions);
    let looks = 0;
    Object.assign(world.suppressions, {
      // Not yet when it is taken in hand; then it is.
      reasonAgainst: (to: string) => {
        if (to === 'late@x.example.com') looks += 1;
        return looks > 1 ? 'It bounced.' : get(to);
      },
    });
    const [, second] = [world.accept(), world.accept({ to: ['late@x.example.com'] })];
    await world.clock.advance(MINUTE);
    expect(world.get((await second).id).state).toBe('suppressed');
    expect(await marksOf(world)).toEqual([]);
  });

  it('is left to wait when its life is over, and when its content must be read from the disk', async () => {
    const [world, commits] = await ready();
    world.script = async (shipment) => {
      await shipment.begin();
      await world.clock.sleep(2 * MINUTE);
      return accepted(shipment);
    };
    const [, over] = [world.accept(), world.accept({ lifetimeMs: 2 * MINUTE + SECOND })];
    await world.clock.advance(5 * MINUTE);
    expect(world.get((await over).id).state).toBe('expired');
    expect(commits).not.toContain('+message -content -attempt +attempt');
  });
});
