import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import type { AgentId } from '../../../../mesh/names.ts';
import type { Clock } from '../../../../mesh/ports.ts';
import { AddressBook, type AddressBookParts } from '../../../../node/mailbox/org/addresses.ts';
import { Inboxes } from '../../../../node/mailbox/org/inboxes.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../../../../node/mailbox/questions.ts';
import { openForReading } from '../../../../node/mailbox/store/database.ts';
import { InboxReader } from '../../../../node/mailbox/store/inbox-reader.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { type TestRegistry, testRegistry } from '../../../support/test-registry.ts';

const SUPPORT = 'support@agents.example.com';

let directory: string;
let writer: Writer;
let world: TestRegistry;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-'));
  const made = { random: seededRandom(1), nowMs: 0, hostId: 'mac', baseSubject: () => undefined };
  writer = await Writer.open({ ...made, directory, chooseThread: () => undefined });
  world = await testRegistry();
});

afterEach(() => {
  writer.close();
  rmSync(directory, { recursive: true });
});

/** Does the work of a step; a crash does it or not, and nobody ever hears of it. */
type Step = <Result>(work: () => Result | Promise<Result>) => Promise<Result>;
const everyStep: Step = async (work) => await work();
const never = () => new Promise<never>(() => undefined);

/** Stops the world at the step `at`, counted from 0: before it is done, or just after. */
function crashAt(at: number, isDone: boolean): { step: Step; crashed: Promise<void> } {
  const crash = Promise.withResolvers<void>();
  let steps = 0;
  const step: Step = async (work) => {
    steps += 1;
    if (steps - 1 < at) return await work();
    if (steps - 1 === at && isDone) await work();
    crash.resolve();
    return await never();
  };
  return { step, crashed: crash.promise };
}

/** The inboxes of a process, whose changes are the steps. `run` settles once. */
function processWith(step: Step, registry: AddressBookParts['registry'] = world.registry) {
  const reader = new InboxReader(openForReading(directory));
  const reads = ['organization', 'findInbox', 'unsettledInboxes'];
  const intake = {
    ask: async (kind: keyof Writer, input: never) => {
      const work = () => (writer[kind] as (input: never) => unknown).call(writer, input);
      return reads.includes(kind) ? work() : await step(work);
    },
  } as unknown as Asks<IntakeQuestions>;
  const query = {
    ask: async (kind: 'inbox' | 'inboxOfClient', input: never) =>
      kind === 'inbox' ? reader.find(input) : reader.findOfClient(input),
  } as unknown as Asks<QueryQuestions>;
  const { agents, addresses, table } = registry;
  const stepped: AddressBookParts['registry'] = {
    agents: {
      create: (wish) => step(() => agents.create(wish)),
      remove: (id) => step(() => agents.remove(id)),
    },
    addresses: {
      add: (id, wish) => step(() => addresses.add(id, wish)),
      remove: (id, text) => step(() => addresses.remove(id, text)),
    },
    table,
  };
  const stop = new AbortController();
  const clock: Clock = {
    wallMs: () => world.clock.wallMs(),
    monotonicMs: () => world.clock.monotonicMs(),
    sleep: async () => stop.abort(),
  };
  const inboxes = new Inboxes({
    endWebhooks: async () => {},
    ...{ intake, query, clock, random: seededRandom(2), log: world.log, domain: 'agents.example.com' },
    addresses: new AddressBook({ registry: stepped, hostsOf: () => [] }),
    cancelSends: async () => undefined,
    forgetSent: async () => undefined,
    domains: { verified: async () => undefined, isOfAnother: async () => false },
  });
  return { inboxes, settle: () => inboxes.run(stop.signal) };
}

/** What is there of the inbox: the state of its row, and whose the address is. */
const standing = () => ({
  state: writer.findInbox(SUPPORT)?.state,
  isOwned: world.registry.table.holderOfText(SUPPORT) !== undefined,
  agents: world.registry.table.list().length,
});
const NOTHING = { state: undefined, isOwned: false, agents: 0 };
const WHOLE = { state: 'active', isOwned: true, agents: 1 };

describe('an inbox that is being made when the process dies', () => {
  it.each([
    [0, 'before its row', NOTHING],
    [0.5, 'after its row', NOTHING],
    [1, 'before its address is claimed', NOTHING],
    [1.5, 'after its address was claimed', WHOLE],
    [2, 'before it is active', WHOLE],
    [2.5, 'after it was active', WHOLE],
  ])('at step %d, %s, is whole or not there after the next start', async (at, _, expected) => {
    const { step, crashed } = crashAt(Math.floor(at), at % 1 > 0);
    void processWith(step).inboxes.create({ username: 'support', clientId: 'mine' });
    await crashed;
    await processWith(everyStep).settle();
    expect(standing()).toEqual(expected);
    const again = await processWith(everyStep).inboxes.create({ username: 'support', clientId: 'mine' });
    expect(again.inboxId).toBe(SUPPORT);
    expect(standing()).toEqual(WHOLE);
  });
});

describe('an inbox that is being deleted when the process dies', () => {
  it.each([
    [0, 'before it is marked', WHOLE],
    [0.5, 'after it was marked', NOTHING],
    [1, 'before its mail is erased', NOTHING],
    [2.5, 'after some of its mail was erased', NOTHING],
    [3.5, 'before its address is released', NOTHING],
    [4.5, 'after its address was released', NOTHING],
    [5.5, 'after its row', NOTHING],
  ])('at step %d, %s, is whole or gone after the next start', async (at, _, expected) => {
    await processWith(everyStep).inboxes.create({ username: 'support' });
    await writer.store(receivedMail({ to: [SUPPORT] }));
    const { step, crashed } = crashAt(Math.floor(at), at % 1 > 0);
    void processWith(step).inboxes.remove(SUPPORT);
    await crashed;
    await processWith(everyStep).settle();
    expect(standing()).toEqual(expected);
  });
});

/** Everything waits at the first step until `go`. */
function heldAtFirst() {
  const [gate, reached] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let steps = 0;
  const step: Step = async (work) => {
    steps += 1;
    if (steps > 1) return await work();
    reached.resolve();
    await gate.promise;
    return await work();
  };
  return { step, reached: reached.promise, go: gate.resolve };
}

describe('an inbox that is deleted and made anew', () => {
  it('keeps its mail, while a start still erases another one that a crash has left beside it', async () => {
    const large = 'large@agents.example.com';
    await writer.beginInbox({ inboxId: large, makesAgent: true, atMs: 1 });
    await processWith(everyStep).inboxes.create({ username: 'support' });
    for (const inboxId of [large, SUPPORT]) await writer.deleteInbox({ inboxId, atMs: 1 });
    const { step, reached, go } = heldAtFirst();
    const { inboxes, settle } = processWith(step);
    const settled = settle();
    await reached;
    await inboxes.remove(SUPPORT);
    await inboxes.create({ username: 'support' });
    await writer.store(receivedMail({ to: [SUPPORT] }));
    go();
    await settled;
    expect(standing()).toEqual(WHOLE);
    expect(writer.findInbox(SUPPORT)?.usedBytes, 'its mail').toBeGreaterThan(0);
  });

  it('is whole, while who has deleted it asks for that a second time', async () => {
    const { inboxId } = await processWith(everyStep).inboxes.create({ username: 'support' });
    await writer.deleteInbox({ inboxId, atMs: 1 });
    const { step, reached, go } = heldAtFirst();
    const { inboxes } = processWith(step);
    const [first, second] = [inboxes.remove(SUPPORT), inboxes.remove(SUPPORT)];
    await reached;
    go();
    await first;
    const made = inboxes.create({ username: 'support' });
    await Promise.all([second, made]);
    expect(standing()).toEqual(WHOLE);
  });
});

describe('an inbox that claims its address again when the process dies', () => {
  it.each([
    [0, 'before its new agent is written down'],
    [0.5, 'after that'],
    [1, 'before the address is claimed'],
    [1.5, 'after it was claimed'],
  ])('at step %d, %s, is there with its mail, and whole when it is asked for again', async (at) => {
    const wish = { username: 'support', clientId: 'mine' };
    const { agentId } = await processWith(everyStep).inboxes.create(wish);
    await writer.store(receivedMail({ to: [SUPPORT] }));
    await world.registry.agents.remove(agentId as AgentId);
    const { step, crashed } = crashAt(Math.floor(at), at % 1 > 0);
    void processWith(step).inboxes.create(wish);
    await crashed;
    await processWith(everyStep).settle();
    expect(standing()).toMatchObject({ state: 'active', agents: at === 1.5 ? 1 : 0 });
    const again = await processWith(everyStep).inboxes.create(wish);
    expect(again.usedBytes, 'its mail').toBeGreaterThan(0);
    expect(standing()).toEqual(WHOLE);
    await processWith(everyStep).inboxes.remove(SUPPORT);
    expect(standing(), 'nothing is left of it').toEqual(NOTHING);
  });
});

describe('an address that can not be claimed', () => {
  const refusing = (error: MeshError): AddressBookParts['registry'] => ({
    ...world.registry,
    agents: { create: () => Promise.reject(error), remove: () => Promise.resolve([]) },
  });

  it('leaves nothing behind when the voters are out of reach, and says that it can be asked again', async () => {
    const outage = new MeshError('uniqueness_unavailable', 'Too few voters answer.', { retryAfterSeconds: 2 });
    const { inboxes } = processWith(everyStep, refusing(outage));
    await expect(inboxes.create({ username: 'support' })).rejects.toBe(outage);
    expect(standing()).toEqual(NOTHING);
  });

  it('is not taken from an agent that got it after the inbox was begun', async () => {
    const { step, crashed } = crashAt(0, true);
    void processWith(step).inboxes.create({ username: 'support' });
    await crashed;
    await world.registry.agents.create({
      ...{ id: 'iac' as AgentId, name: 'iac' },
      tools: { email: { addresses: [{ address: SUPPORT }] } },
    });
    await processWith(everyStep).settle();
    expect(standing()).toEqual({ state: undefined, isOwned: true, agents: 1 });
  });
});
