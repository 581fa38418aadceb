import { describe, expect, it } from 'vitest';
import { step } from '../../../mesh/claims/core.ts';
import type { Effect, Event } from '../../../mesh/state/events.ts';
import {
  answers,
  CONFIG,
  cloud,
  DATA,
  formedCore,
  mac,
  PREPARE,
  question,
  run,
  startedCore,
  VOTERS,
} from '../../support/core-steps.ts';

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
