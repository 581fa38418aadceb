import { describe, expect, it } from 'vitest';
import { step } from '../../../mesh/claims/core.ts';
import { proposerName } from '../../../mesh/register/ballot.ts';
import type { ClaimRecords } from '../../../mesh/state/claim-records.ts';
import { type Config, firstConfig, recoveredConfig } from '../../../mesh/state/config.ts';
import type { Effect, Event } from '../../../mesh/state/events.ts';
import type { Greeting } from '../../../mesh/state/messages.ts';
import { RegisterTable } from '../../../mesh/state/register-table.ts';
import {
  answers,
  CONFIG,
  cloud,
  DATA,
  formedCore,
  KEY,
  mac,
  mini,
  ownerOn,
  PREPARE,
  question,
  run,
  sent,
  startedCore,
  VOTERS,
} from '../../support/core-steps.ts';

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
    const state = formedCore({
      registers: new RegisterTable([[KEY, { promised: [9, mini], accepted: null, value: null }]]),
    });
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
