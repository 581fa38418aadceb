// The change log hears of each event of the mailbox once, whenever the process ends. A life ends at one step: before a question is asked, in
// the midst of a commit, after it. What the next life finds is what was durable.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { isOfMail } from '../../../../node/mailbox/event.ts';
import { EventNews } from '../../../../node/mailbox/events/event-news.ts';
import { Relay, type RelayParts } from '../../../../node/mailbox/events/relay.ts';
import { readRelayCursor } from '../../../../node/mailbox/events/relay-cursor.ts';
import { type Connection, openForReading } from '../../../../node/mailbox/store/database.ts';
import { EventReader } from '../../../../node/mailbox/store/event-rows.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { mailboxNode } from '../../../support/mailbox-node.ts';
import { receivedMail } from '../../../support/mails.ts';
import { type MemoryDisk, MemoryStore } from '../../../support/memory-store.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { type TestRegistry, testRegistry } from '../../../support/test-registry.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const HOUR_MS = 3_600_000;
const INBOXES = ['a@x.com', 'b@x.com', 'c@x.com'];

/** Where a life ends. */
class Death extends Error {}

interface Life extends TestRegistry {
  readonly news: EventNews;
  /** Ends in order. */
  end(): Promise<void>;
  /** Rejects with `Death` where the life ended at its step. */
  readonly ended: Promise<void>;
}

interface LifeOptions {
  /** Called before each step, by its name; may throw. `after`: it is done, and nobody has heard of it. */
  readonly step?: (name: string, when: 'before' | 'after') => void;
  /** Questions that the mailbox can't answer for now. */
  readonly isOut?: () => boolean;
}

let directory: string;
let writer: Writer;
let reading: Connection;
let disk: MemoryDisk;
let clock: VirtualClock;
let mails: number;

const open = () => {
  const made = { directory, random: seededRandom(1), nowMs: 0, hostId: 'mac' };
  return Writer.open({ ...made, chooseThread: () => undefined, baseSubject: () => undefined });
};

beforeEach(async () => {
  [mails, disk, clock] = [0, new Map(), new VirtualClock()];
  directory = mkdtempSync(join(tmpdir(), 'mailbox-relay-'));
  writer = await open();
  for (const [at, inboxId] of INBOXES.entries()) {
    await writer.beginInbox({ inboxId, makesAgent: true, atMs: 1 });
    await writer.activateInbox({ inboxId, agentId: `agent-${at}`, atMs: 2 });
  }
  reading = openForReading(directory);
});

afterEach(() => {
  reading.close();
  writer.close();
  rmSync(directory, { recursive: true });
});

/** So many mails, each to the next of the inboxes. */
const receive = async (count: number) => {
  const stored = Array.from({ length: count }, () => {
    mails += 1;
    const to = [INBOXES[mails % INBOXES.length] ?? ''];
    return writer.store(
      receivedMail({ to, raw: `${mails}`, content: { headerId: `<${mails}@y.com>` }, atMs: clock.wallMs() }),
    );
  });
  await Promise.all(stored);
};

/** One process: a registry of what is durable, and the relay on it. */
const live = async ({ step = () => {}, isOut = () => false }: LifeOptions = {}): Promise<Life> => {
  const store = new MemoryStore({ disk });
  const made = await testRegistry({ store, clock });
  const events = new EventReader(reading);
  const stepped = async <Result>(name: string, work: () => Result | Promise<Result>): Promise<Result> => {
    step(name, 'before');
    const result = await work();
    step(name, 'after');
    return result;
  };
  const asked: RelayParts['query']['ask'] & RelayParts['intake']['ask'] = (kind: string, input: never) =>
    stepped(kind, () => {
      if (isOut()) throw new MeshError('overloaded', 'The mailbox is out of order.');
      return (
        kind === 'trimEvents' ? writer.write(() => writer.events.trim(input)) : events.references(input)
      ) as never;
    });
  const ending = new AbortController();
  const news = new EventNews();
  const relay = new Relay({
    ...{ query: { ask: asked }, intake: { ask: asked }, news, clock, log: made.log },
    organization: () => stepped('organization', () => writer.organization),
    mail: { commitMails: (events) => stepped('commitMails', () => made.registry.mail.commitMails(events)) },
    cursor: await readRelayCursor(store),
  });
  const ended = relay.run(ending.signal).finally(() => {
    disk = store.snapshot();
  });
  ended.catch(() => {});
  const end = () => {
    ending.abort();
    return ended;
  };
  return { ...made, news, ended, end };
};

/** What the log has of mail, from the first entry on. */
const told = async (life: TestRegistry) =>
  (await life.registry.changes.read(0, 10_000)).flatMap((entry) =>
    'message' in entry ? [entry.message.event_id] : [],
  );
const happened = () => new EventReader(reading).references({ after: 0, limit: 10_000 }).map(({ eventId }) => eventId);
const untilTold = async (life: TestRegistry, count: number) => {
  await expect.poll(() => told(life).then((ids) => ids.length)).toBe(count);
};

describe('the relay', () => {
  it('tells of each event in its order, by its reference alone, as an event of the inbox’s agent', async () => {
    await receive(3);
    const life = await live();
    await untilTold(life, 3);
    const [, second] = await life.registry.changes.read(0, 3);
    const reference = new EventReader(reading).references({ after: 1, limit: 1 }).filter(isOfMail)[0];
    expect(second).toEqual({
      ...{ seq: 2, id: expect.any(String), timestamp: expect.any(String), sequence: 1, event: 'message.received' },
      agent: { id: 'agent-2', name: 'c@x.com', hostId: 'mac' },
      message: {
        ...{ inbox_id: 'c@x.com', message_id: '<2@y.com>' },
        ...{ thread_id: reference?.threadId, event_id: reference?.eventId, pod_id: reference?.podId },
      },
    });
    await life.end();
  });

  it('tells of a domain as of a change of the organization, which outlives the process', async () => {
    const flags = { isFeedbackEnabled: true, areSubdomainsEnabled: false, isTrackingEnabled: false };
    const key = { selector: 's', publicKey: 'MIIB', privateKey: 'secret' };
    await writer.write(() => {
      const podId = writer.organization.podId;
      const added = writer.domains.add({ name: 'acme.example', podId, key, ...flags, atMs: 1 });
      const domain = 'domain' in added ? added.domain : expect.fail('It is the first.');
      writer.events.appendVerified({ domain, host: { mx: 'mx.example.com', spf: 'v=spf1' } }, clock.wallMs());
    });
    const [event_id] = happened();
    const first = await live();
    await expect.poll(() => first.registry.changes.head).toBe(1);
    await first.end();
    const second = await live();
    expect(await second.registry.changes.read(0, 2)).toEqual([
      {
        ...{ seq: 1, id: expect.any(String), timestamp: expect.any(String), sequence: 1, event: 'domain.verified' },
        agent: { id: writer.organization.organizationId, name: 'acme.example', hostId: 'mac' },
        domain: { domain_id: 'acme.example', event_id, pod_id: writer.organization.podId },
      },
    ]);
    await second.end();
  });

  it('counts the events of each agent, also of several in one commit', async () => {
    await receive(7);
    const life = await live();
    await untilTold(life, 7);
    const sequences = (await life.registry.changes.read(0, 7)).map(({ agent, sequence }) => `${agent.id} ${sequence}`);
    const expected = [1, 2, 0, 1, 2, 0, 1].map((agent, at) => `agent-${agent} ${1 + Math.floor(at / 3)}`);
    expect(sequences).toEqual(expected);
    await life.end();
  });

  it('tells of what comes when it hears of it, and else within a minute', async () => {
    const life = await live();
    await receive(1);
    life.news.tell();
    await untilTold(life, 1);
    await receive(1);
    await clock.advance(60_000);
    await untilTold(life, 2);
    await life.end();
  });

  it('waits for a mailbox that is out of order, says so once, and goes on', async () => {
    let isOut = true;
    await receive(2);
    const life = await live({ isOut: () => isOut });
    await clock.advance(5_000);
    expect(await told(life)).toEqual([]);
    isOut = false;
    await clock.advance(1_000);
    await untilTold(life, 2);
    expect(life.log.named('mailbox.relay_waits')).toHaveLength(1);
    await life.end();
  });

  it('has events taken away that are old, once it has told of them', async () => {
    await receive(2);
    await clock.advance(80 * HOUR_MS);
    const life = await live();
    await untilTold(life, 2);
    await expect.poll(happened).toEqual([]);
    await life.end();
  });

  it('begins anew with another database', async () => {
    await receive(2);
    const first = await live();
    await untilTold(first, 2);
    await first.end();
    disk = new Map([...disk, ['mailbox/cursor', JSON.stringify({ organizationId: 'another', row: 9 })]]);
    const second = await live();
    await untilTold(second, 4);
    await second.end();
  });
});

describe('a process that is killed', () => {
  /** Lives until all is told. `deaths`: at which step each life ends, counted from its beginning; the last life ends in order. */
  const liveThrough = async (deaths: readonly number[], kind: 'before' | 'after') => {
    const reached: string[] = [];
    for (const death of [...deaths, Number.POSITIVE_INFINITY]) {
      let count = 0;
      const step = (name: string, when: 'before' | 'after') => {
        if (when !== kind) return;
        count += 1;
        if (count !== death) return;
        reached.push(name);
        throw new Death();
      };
      const life = await live({ step });
      await Promise.race([life.ended, allTold(life)]).catch(expectDeath);
      const after = life.end().catch(expectDeath);
      if (death === Number.POSITIVE_INFINITY) expect(await told(life)).toEqual(happened());
      await after;
      await receive(1);
    }
    return reached;
  };
  const expectDeath = (error: unknown) => expect(error).toBeInstanceOf(Death);
  const allTold = async (life: TestRegistry) => {
    while ((await told(life)).length < mails) await setImmediate();
  };

  it.each(['before', 'after'] as const)('%s any step leaves nothing out and tells nothing twice', async (kind) => {
    await receive(150);
    const reached: string[] = [];
    for (let step = 1; step <= 5; step += 1) {
      disk = new Map();
      reached.push(...(await liveThrough([step], kind)));
    }
    expect(reached).toEqual(['organization', 'eventReferences', 'commitMails', 'eventReferences', 'commitMails']);
  });

  it.each([1, 2, 3, 4, 5])('again and again leaves nothing out and tells nothing twice (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    await receive(40);
    const deaths = Array.from({ length: 12 }, () => 1 + Math.floor(random.next() * 6));
    await liveThrough(deaths, random.next() < 0.5 ? 'before' : 'after');
  });
});

describe('a mailbox that was set back to before events that were told', () => {
  it('gives new events no row that the change log has', async () => {
    writer.close();
    const { organizationId } = writer.organization;
    const told = new Map([['mailbox/cursor', JSON.stringify({ organizationId, row: 40 })]]);
    await using _node = await mailboxNode({ mailbox: { directory }, disk: told });
    writer = await open();
    await receive(1);
    expect(new EventReader(reading).references({ after: 0, limit: 9 }).map(({ row }) => row)).toEqual([41]);
  });
});
