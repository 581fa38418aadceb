import { describe, expect, it } from 'vitest';
import { type ClaimRecords, emptyClaimRecords } from '../../../mesh/claims/claim-records.ts';
import { createCore, step } from '../../../mesh/claims/core.ts';
import type { CoreState } from '../../../mesh/claims/core-state.ts';
import type { Effect, Event } from '../../../mesh/claims/events.ts';
import type { Greeting } from '../../../mesh/claims/messages.ts';
import { type Config, firstConfig, recoveredConfig } from '../../../mesh/membership/config.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../../mesh/names.ts';
import type { Owner } from '../../../mesh/owner.ts';
import { proposerName } from '../../../mesh/register/ballot.ts';
import type { Item, ItemAnswer } from '../../../mesh/register/item.ts';

const [mac, cloud, mini] = ['mac', 'cloud', 'mini'] as [HostId, HostId, HostId];
const VOTERS = [cloud, mac, mini];
const DATA = { mac: 'a'.repeat(32), cloud: 'b'.repeat(32), mini: 'c'.repeat(32) };
const CONFIG = firstConfig(DATA, VOTERS);
const KEY = 'titania@x.com' as AddressKey;

const ownerOn = (hostId: HostId, claimId: string): Owner => ({
  hostId,
  agentId: 'agent' as AgentId,
  agentName: 'agent',
  claimId: claimId as ClaimId,
  since: '2026-01-27T12:00:00Z',
});

/** A core on `mac` in a mesh that has formed. */
function formedCore(records: Partial<ClaimRecords> = {}, held?: Owner): CoreState {
  const state = startedCore(records, held);
  // It has heard its peers.
  state.membership.starts.hasHeardElectors = true;
  return state;
}

/** The same, before it has heard anybody. */
function startedCore(records: Partial<ClaimRecords> = {}, held?: Owner): CoreState {
  return createCore({
    self: mac,
    wish: { voters: VOTERS, members: VOTERS },
    records: { ...emptyClaimRecords(), incarnation: DATA.mac, config: CONFIG, ...records },
    registry: { holder: () => held, isEmpty: () => held === undefined, keys: () => [] },
    freshData: 'f'.repeat(32),
    startName: 'first',
  });
}

/** Steps, and does everything that needs no time: every write is durable at once. */
function run(state: CoreState, event: Event): Effect[] {
  const done: Effect[] = [];
  const todo: Effect[] = [...step(state, event, 0, 0)];
  for (let effect = todo.shift(); effect !== undefined; effect = todo.shift()) {
    done.push(effect);
    if (effect.type === 'persist') todo.push(...effect.after);
    if (effect.type === 'event') todo.push(...step(state, effect.event, 0, 0));
  }
  return done;
}

/** A question that `cloud` asks, in the epoch of the mesh unless said otherwise. */
const question = (item: Item, standing: { readonly mesh?: string; readonly epoch?: number } = {}): Event => ({
  type: 'received',
  token: 1,
  from: cloud,
  message: {
    ...{ version: 2, mesh: CONFIG.mesh, epoch: 1, incarnation: DATA.cloud, life: 1, boot: 'x' },
    ...standing,
    items: [item],
  },
});
const PREPARE: Item = { kind: 'prepare', key: KEY, n: 5, claiming: true };

const sent = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'send' && effect.to === cloud ? effect.items : []));
const finished = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'finish' ? [effect.result] : []));
const answers = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'answer' ? [effect.answer] : []));
const answer = (from: 'cloud' | 'mini' | 'mac', ...items: ItemAnswer[]): Event => ({
  type: 'answered',
  from: from as HostId,
  answer: { version: 2, kind: 'items', incarnation: DATA[from], items },
  tookMs: 1,
});

describe('a vote', () => {
  it('leaves only behind the write that it depends on', () => {
    expect(step(formedCore(), question(PREPARE), 0, 0)).toMatchObject([
      {
        type: 'persist',
        writes: [{ key: `claim/register/${KEY}`, value: { promised: [5, proposerName(cloud, DATA.cloud)] } }],
        after: [{ type: 'answer', answer: { items: [{ kind: 'promise', n: 5 }] } }],
      },
    ]);
  });

  it('is given again, behind what was written for it, when the question comes twice', () => {
    const state = formedCore();
    step(state, question(PREPARE), 0, 0);
    expect(step(state, question(PREPARE), 0, 0)).toMatchObject([
      { type: 'persist', writes: [], after: [{ type: 'answer', answer: { items: [{ kind: 'promise' }] } }] },
    ]);
  });

  it('is refused to an older ballot, naming the newer one', () => {
    const state = formedCore({ registers: new Map([[KEY, { promised: [9, mini], accepted: null, value: null }]]) });
    const effects = run(state, question({ kind: 'accept', key: KEY, n: 5, value: null }));
    expect(answers(effects)).toMatchObject([{ items: [{ kind: 'nack', n: 5, promised: [9, mini] }] }]);
  });

  it('is a veto when this host holds the address itself', () => {
    const held = ownerOn(mac, 'claim-held');
    const effects = run(formedCore({}, held), question(PREPARE));
    expect(answers(effects)).toMatchObject([{ items: [{ kind: 'veto', n: 5, owner: held }] }]);
  });

  it('is refused to a host in an earlier epoch or another mesh, which is told what holds now', () => {
    const later = { ...CONFIG, epoch: 3 };
    for (const standing of [{ epoch: 2 }, { epoch: 3, mesh: 'e'.repeat(32) }]) {
      const state = formedCore({ config: later });
      expect(answers(run(state, question(PREPARE, standing)))).toMatchObject([{ kind: 'ahead', config: later }]);
      expect(state.registers.size).toBe(0);
    }
  });

  it('is not given to a host in a later epoch before this host is there too', () => {
    const state = formedCore();
    expect(answers(run(state, question(PREPARE, { epoch: 2 })))).toMatchObject([{ kind: 'behind' }]);
    expect(state.registers.size).toBe(0);
  });

  it('is not given by a host that lost its data, nor to one that left the mesh', () => {
    const wiped = formedCore({ incarnation: 'd'.repeat(32) });
    const left = formedCore({ config: { ...CONFIG, gone: { [cloud]: '2026-01-27T12:00:00Z' } } });
    for (const state of [wiped, left]) {
      expect(answers(run(state, question(PREPARE)))).toMatchObject([{ kind: 'refused' }]);
      expect(state.registers.size).toBe(0);
    }
  });
});

describe('a ballot number', () => {
  it('is on disk as used before it is used', () => {
    const state = formedCore();
    const effects = step(
      state,
      { type: 'claim', operation: 1, claims: [{ key: KEY, owner: ownerOn(mac, 'claim-mine') }] },
      0,
      0,
    );
    expect(effects.filter(({ type }) => type === 'send')).toEqual([]);
    const writes = effects.flatMap((effect) => (effect.type === 'persist' ? effect.writes : []));
    expect(writes.find(({ key }) => key === 'claim/ballot-ceiling')?.value).toBeGreaterThan(0);
  });

  it('is above every one that this host may have used before a crash', () => {
    const state = formedCore({ ballotCeiling: 20_000 });
    run(state, { type: 'started' });
    const items = sent(
      run(state, { type: 'claim', operation: 1, claims: [{ key: KEY, owner: ownerOn(mac, 'claim-mine') }] }),
    );
    expect(items).toMatchObject([{ kind: 'prepare' }]);
    expect(items[0]?.n).toBeGreaterThan(20_000);
  });
});

describe('a voter that is asked by a host of which there are two', () => {
  const greeted = (life: number, boot: string, boots: Readonly<Record<string, string>>, votes = 0): Event => ({
    type: 'asked',
    token: 1,
    from: cloud,
    question: {
      ...{ about: 'greeting', version: 2, mesh: CONFIG.mesh, epoch: 1, incarnation: DATA.cloud },
      ...{ wish: { voters: VOTERS, members: VOTERS }, life, boot, boots, votes },
    },
  });
  const asked = (standing: object) => question(PREPARE, standing);

  it('listens to the later start of the same data, and to no other', () => {
    const state = formedCore();
    run(state, greeted(1, 'x', { 1: 'x' }));
    expect(answers(run(state, asked({ life: 1, boot: 'x' })))).toMatchObject([{ kind: 'items' }]);
    run(state, greeted(2, 'copy', { 1: 'x', 2: 'copy' }));
    // The earlier one goes on, and votes.
    run(state, greeted(1, 'x', { 1: 'x' }, 9));
    const kinds = [
      { life: 1, boot: 'x' },
      { life: 2, boot: 'other' },
      { life: 2, boot: 'copy' },
      { life: 3, boot: 'not heard of yet' },
    ].map((standing) => answers(run(state, asked(standing)))[0]?.kind);
    expect(kinds).toEqual(['refused', 'refused', 'items', 'items']);
  });

  it('takes nothing from one that says that its data is in use elsewhere', () => {
    const state = formedCore();
    run(state, greeted(1, 'x', { 1: 'x' }));
    const heard = greeted(2, 'copy', { 1: 'x', 2: 'copy' });
    if (heard.type !== 'asked' || heard.question.about !== 'greeting') throw new Error('It is a greeting.');
    run(state, { ...heard, question: { ...heard.question, standsBack: true } });
    expect(state.membership.greetings.get(cloud)?.greeting.life).toBe(1);
  });

  it('listens to the data that votes, and to no other', () => {
    const state = formedCore();
    expect(answers(run(state, asked({ incarnation: 'e'.repeat(32) })))).toMatchObject([{ kind: 'refused' }]);
  });
});

describe('a host whose data was started again elsewhere', () => {
  const greeting = (life: number, boot: string, votes = 0): Event => ({
    type: 'asked',
    token: 1,
    from: cloud,
    question: {
      ...{ about: 'greeting', version: 2, mesh: CONFIG.mesh, epoch: 1, incarnation: DATA.cloud },
      ...{ wish: { voters: VOTERS, members: VOTERS }, life: 1, boot: 'x', boots: { 1: 'x' } },
      ...{ votes: 7, you: { incarnation: DATA.mac, life, boot, votes } },
    },
  });
  const logged = (effects: readonly Effect[]) =>
    effects.flatMap((effect) => (effect.type === 'log' ? [effect.event] : []));

  it('votes on its data only once it has heard who is there, for they would have said that it is old', () => {
    const state = startedCore({ life: 1, boots: { 1: 'before' } });
    run(state, { type: 'started' });
    expect(answers(run(state, question(PREPARE)))).toMatchObject([{ kind: 'refused' }]);
    run(state, { type: 'hearingOver' });
    expect(answers(run(state, question(PREPARE)))).toMatchObject([{ kind: 'refused' }]);
    run(state, greeting(1, 'before'));
    expect(answers(run(state, question(PREPARE)))).toMatchObject([{ kind: 'items' }]);
    // One that is not there does not keep it from voting for ever.
    const other = startedCore({ life: 1, boots: { 1: 'before' } });
    run(other, { type: 'started' });
    run(other, greeting(1, 'before'));
    expect(answers(run(other, question(PREPARE)))).toMatchObject([{ kind: 'refused' }]);
    run(other, { type: 'hearingOver' });
    expect(answers(run(other, question(PREPARE)))).toMatchObject([{ kind: 'items' }]);
  });

  it('begins anew when a peer knows of votes that it has forgotten', () => {
    const records = { life: 1, boots: { 1: 'before' }, votes: 4 };
    const [sound, old] = [startedCore(records), startedCore(records)];
    for (const state of [sound, old]) run(state, { type: 'started' });
    expect(logged(run(sound, greeting(1, 'before', 4)))).toEqual([]);
    expect(logged(run(old, greeting(1, 'before', 5)))).toEqual(['mesh.rejoining']);
    expect(old.membership.starts.own.data).not.toBe(DATA.mac);
  });

  it.each([
    ['when all is as it was', {}, {}, true],
    ['at its start, for nobody knows it', {}, { isStored: false }, false],
    ['while it waits to hear the others', {}, { hasHeardElectors: false }, false],
    ['while the mesh forms', { config: undefined }, {}, false],
  ])('greets %s (%o, %o): routine is %s', (_, ofMembership, ofStarts, isRoutine) => {
    const state = formedCore();
    run(state, { type: 'started' });
    Object.assign(state.membership, ofMembership);
    Object.assign(state.membership.starts, ofStarts);
    const asked = run(state, { type: 'greetingDue' }).filter((effect) => effect.type === 'ask');
    expect(asked.map((effect) => effect.isRoutine === true)).toEqual([isRoutine, isRoutine]);
  });

  it('greets one host when whoever carries greetings asks, and none before its start is durable', () => {
    const state = startedCore();
    expect(step(state, { type: 'greet', to: cloud }, 0, 0)).toEqual([]);
    run(state, { type: 'started' });
    expect(step(state, { type: 'greet', to: cloud }, 0, 0)).toMatchObject([
      { type: 'ask', to: 'cloud', question: { about: 'greeting' } },
    ]);
  });

  it('says how many votes it cast only when that is durable', () => {
    const state = formedCore();
    run(state, { type: 'started' });
    run(state, question(PREPARE));
    const told = run(state, { type: 'greetingDue' });
    const persisted = told.findIndex(
      (effect) =>
        effect.type === 'persist' && effect.writes.some(({ value }) => (value as { votes?: number })?.votes === 1),
    );
    const greeted = told.findIndex(
      (effect) => effect.type === 'ask' && effect.question.about === 'greeting' && effect.question.votes === 1,
    );
    expect([persisted >= 0, greeted > persisted]).toEqual([true, true]);
  });

  it('withdraws when the mesh goes on with other data of it, and says so to all', () => {
    const state = formedCore();
    run(state, { type: 'started' });
    const voters = { ...CONFIG.voters, [mac]: 'e'.repeat(32) };
    const told = greeting(1, 'first');
    if (told.type !== 'asked' || told.question.about !== 'greeting') throw new Error('It is a greeting.');
    const config = { ...CONFIG, epoch: 3, voters };
    const effects = run(state, { ...told, question: { ...told.question, epoch: 3, config } });
    expect(logged(effects)).toContain('mesh.used_twice');
    expect(answers(run(state, question(PREPARE, { epoch: 3 })))).toMatchObject([{ kind: 'refused' }]);
    const asked = run(state, { type: 'greetingDue' }).flatMap((effect) =>
      effect.type === 'ask' && effect.question.about === 'greeting' ? [effect.question.standsBack] : [],
    );
    expect([asked.length > 0, new Set(asked)]).toEqual([true, new Set([true])]);
  });

  it('withdraws when its peers knew of it before, and does not displace the other again and again', () => {
    const state = formedCore();
    run(state, { type: 'started' });
    run(state, greeting(1, 'first'));
    expect(logged(run(state, greeting(2, 'elsewhere')))).toEqual(['mesh.used_twice']);
    expect(logged(run(state, greeting(2, 'elsewhere')))).toEqual([]);
    expect([state.membership.starts.own.data, answers(run(state, question(PREPARE)))]).toMatchObject([
      DATA.mac,
      [{ kind: 'refused' }],
    ]);
  });

  it('begins anew when nobody knew of this start: then its data is old', () => {
    const state = formedCore();
    run(state, { type: 'started' });
    expect(logged(run(state, greeting(2, 'elsewhere')))).toEqual(['mesh.rejoining']);
    expect(state.membership.starts.own.data).toBe('f'.repeat(32));
  });
});

describe('a host whose voters may not know what it holds', () => {
  const told = (standing: { readonly config: Config; readonly you?: object }): Event => ({
    type: 'asked',
    token: 1,
    from: cloud,
    question: {
      ...{ about: 'greeting', version: 2, mesh: standing.config.mesh, epoch: standing.config.epoch },
      ...{ incarnation: DATA.cloud, wish: { voters: VOTERS, members: VOTERS } },
      ...{ life: 1, boot: 'x', boots: { 1: 'x' }, votes: 7, ...standing },
    } as Greeting,
  });
  const ready = (records: Partial<ClaimRecords> = {}) => {
    const state = formedCore(records);
    run(state, { type: 'started' });
    return state;
  };
  const doubts = (effects: readonly Effect[]) =>
    effects.flatMap((effect) => (effect.type === 'doubt' ? [effect.why] : []));
  const firstOf = (effects: readonly Effect[], wanted: (effect: Effect) => boolean) => {
    const at = effects.findIndex(wanted);
    return at < 0 ? Infinity : at;
  };
  /** Whether a crash between two effects can't leave it with the cause and without the doubt. */
  const isDoubtFirst = (effects: readonly Effect[], record: string) =>
    firstOf(effects, ({ type }) => type === 'doubt') <
    firstOf(effects, (effect) => effect.type === 'persist' && effect.writes.some(({ key }) => key === record));

  it('doubts it once its data turns out to be restored from a backup', () => {
    const state = startedCore({ life: 1, boots: { 1: 'before' }, votes: 4 });
    run(state, { type: 'started' });
    const you = { incarnation: DATA.mac, life: 1, boot: 'before', votes: 5 };
    const effects = run(state, told({ config: CONFIG, you }));
    expect([doubts(effects), isDoubtFirst(effects, 'claim/incarnation')]).toEqual([['rejoined'], true]);
  });

  it('doubts it when an operator had other voters go on, here or elsewhere', () => {
    const config = recoveredConfig(CONFIG, { [cloud]: DATA.cloud }, VOTERS);
    const heard = run(ready(), told({ config }));
    expect([doubts(heard), isDoubtFirst(heard, 'claim/config')]).toEqual([['recovered'], true]);
    const here = ready();
    run(here, { type: 'recover', operation: 1, voters: [mac] });
    const decided = run(here, { type: 'recoverDue', operation: 1, voters: [mac], sinceMs: 0 });
    expect([doubts(decided), isDoubtFirst(decided, 'claim/config')]).toEqual([['recovered'], true]);
  });

  it('doubts it when it left its mesh for another one', () => {
    const state = ready();
    run(state, told({ config: firstConfig({ [cloud]: DATA.cloud }, [cloud]) }));
    const effects = run(state, { type: 'join', operation: 1, host: cloud });
    expect([doubts(effects), isDoubtFirst(effects, 'claim/config')]).toEqual([['joined'], true]);
  });

  it('is not every one whose mesh forms or moves', () => {
    const unformed = formedCore({ config: undefined });
    run(unformed, { type: 'started' });
    const moving = { ...CONFIG, epoch: 2, old: CONFIG.voters };
    const effects = [told({ config: CONFIG }), told({ config: moving }), told({ config: { ...CONFIG, epoch: 3 } })].map(
      (event) => run(unformed, event),
    );
    expect(doubts(effects.flat())).toEqual([]);
    expect(unformed.membership.config?.epoch).toBe(3);
  });
});

describe('a claim', () => {
  const begin = (state: CoreState) => {
    run(state, { type: 'started' });
    return (
      sent(run(state, { type: 'claim', operation: 1, claims: [{ key: KEY, owner: ownerOn(mac, 'claim-mine') }] }))[0]
        ?.n ?? 0
    );
  };

  it('exposes its value only when its intent is durable', () => {
    const state = formedCore();
    run(state, { type: 'started' });
    const effects = step(
      state,
      { type: 'claim', operation: 1, claims: [{ key: KEY, owner: ownerOn(mac, 'claim-mine') }] },
      0,
      0,
    );
    const n = sent(effects)[0]?.n ?? 0;
    const promise: ItemAnswer = { kind: 'promise', n, accepted: null, value: null };
    const early = [...run(state, answer('cloud', promise)), ...run(state, answer('mini', promise))];
    expect(sent(early)).toEqual([]);
    expect(sent(run(state, { type: 'intentDurable', operation: 1 }))).toMatchObject([{ kind: 'accept', n }]);
  });

  it('never takes a value seen at less than a majority for chosen', () => {
    const state = formedCore();
    const n = begin(state);
    const other = ownerOn(cloud, 'claim-other');
    run(state, answer('cloud', { kind: 'promise', n, accepted: [1, cloud], value: other }));
    const effects = run(state, answer('mini', { kind: 'promise', n, accepted: null, value: null }));
    expect(finished(effects)).toEqual([]);
    expect(sent(effects)).toMatchObject([{ kind: 'accept', value: other }]);
  });

  it('loses at once to a value that a majority reports under one ballot', () => {
    const state = formedCore();
    const n = begin(state);
    const promise: ItemAnswer = { kind: 'promise', n, accepted: [1, cloud], value: ownerOn(cloud, 'claim-other') };
    run(state, answer('cloud', promise));
    expect(finished(run(state, answer('mini', promise)))).toMatchObject([
      { kind: 'conflict', owner: { claimId: 'claim-other' } },
    ]);
  });

  it('does not count one voter twice', () => {
    const state = formedCore();
    const n = begin(state);
    const promise: ItemAnswer = { kind: 'promise', n, accepted: null, value: null };
    run(state, answer('cloud', promise));
    expect(sent(run(state, answer('cloud', promise)))).toEqual([]);
  });

  it('does not count a vote on other data than the mesh formed with', () => {
    const state = formedCore();
    const n = begin(state);
    run(state, answer('cloud', { kind: 'promise', n, accepted: null, value: null }));
    const stranger: Event = {
      type: 'answered',
      from: mini,
      tookMs: 1,
      answer: {
        version: 2,
        kind: 'items',
        incarnation: 'd'.repeat(32),
        items: [{ kind: 'promise', n, accepted: null, value: null }],
      },
    };
    expect(sent(run(state, stranger))).toEqual([]);
  });

  it('may replace a claim of its own host that no registry holds', () => {
    const state = formedCore();
    const n = begin(state);
    const promise: ItemAnswer = { kind: 'promise', n, accepted: [1, mac], value: ownerOn(mac, 'claim-left-over') };
    run(state, answer('cloud', promise));
    expect(sent(run(state, answer('mini', promise)))).toMatchObject([
      { kind: 'accept', value: { claimId: 'claim-mine' } },
    ]);
  });
});

describe('freeing a claim', () => {
  it('writes even when a majority knows nothing of it, for it may linger at the others', () => {
    const state = formedCore();
    run(state, { type: 'started' });
    const n =
      sent(run(state, { type: 'release', operation: 1, claims: [{ key: KEY, claimId: 'claim-mine' as ClaimId }] }))[0]
        ?.n ?? 0;
    const promise: ItemAnswer = { kind: 'promise', n, accepted: null, value: null };
    run(state, answer('cloud', promise));
    expect(sent(run(state, answer('mini', promise)))).toMatchObject([{ kind: 'accept', n, value: null }]);
  });

  it('leaves the claim of anybody else as it is', () => {
    const state = formedCore();
    run(state, { type: 'started' });
    const n =
      sent(run(state, { type: 'release', operation: 1, claims: [{ key: KEY, claimId: 'claim-mine' as ClaimId }] }))[0]
        ?.n ?? 0;
    const other = ownerOn(cloud, 'claim-other');
    const promise: ItemAnswer = { kind: 'promise', n, accepted: [1, cloud], value: other };
    run(state, answer('cloud', promise));
    expect(sent(run(state, answer('mini', promise)))).toMatchObject([{ kind: 'accept', n, value: other }]);
  });

  it('is taken up again after a crash', () => {
    const state = formedCore({ intents: new Map([['claim-mine' as ClaimId, KEY]]) });
    expect(sent(run(state, { type: 'started' }))).toMatchObject([{ kind: 'prepare', key: KEY, claiming: false }]);
  });
});
