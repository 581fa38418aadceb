import { describe, expect, it } from 'vitest';
import { GREETING_INTERVAL_MS, HOSTS_MAX } from '../../../mesh/limits.ts';
import { greetingTo } from '../../../mesh/membership/greeting.ts';
import { asTold } from '../../../mesh/membership/profile.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import type { Greeting, GreetingAgain, Reply } from '../../../mesh/state/messages.ts';
import { coreOn, MESH, run, started } from '../../support/core-on.ts';
import { cloud, DATA, desk, greetingOf, mac, mini, votersOf, wishOf } from '../../support/membership-of.ts';

type Told = Greeting | GreetingAgain;

/** What `of` tells `to` now. */
const toldBy = ({ membership }: CoreState, to: HostId): Told => asTold(membership, greetingTo(membership, to), to);
const nameOf = (of: CoreState) => String(toldBy(of, cloud).profile);

/** What the host answers to that greeting of `from`. */
function answer(state: CoreState, from: HostId, question: Told, nowMs = 0): Reply | undefined {
  const effects = run(state, { type: 'asked', token: 1, from, question }, nowMs);
  return effects.flatMap((effect) => (effect.type === 'reply' ? [effect.reply] : []))[0];
}

/** Two hosts of which the first has just started, and its answer to what it was asked first. */
function strangers() {
  const [here, there] = [started(), coreOn(cloud)];
  return { here, there, whole: toldBy(there, mac) as Greeting };
}

describe('hosts that greet each other', () => {
  it('tell each other everything once, and then what it is called', () => {
    const { here, there, whole } = strangers();
    expect(whole).toMatchObject({ about: 'greeting', config: MESH });
    const first = answer(here, cloud, whole) as Greeting;
    expect(first).toMatchObject({ about: 'greeting', config: MESH, knows: whole.profile });
    run(there, { type: 'replied', from: mac, question: whole, reply: first });
    const again = toldBy(there, mac);
    expect(again).toEqual({
      ...{ version: 2, about: 'again', profile: whole.profile, knows: first.profile, votes: 0 },
      you: { incarnation: DATA[mac], life: 1, boot: 'first', votes: 0 },
    });
    expect(answer(here, cloud, again)).toMatchObject({ about: 'again', profile: first.profile });
  });

  it('say it in 300 octets at most, however many hosts there are', () => {
    const hosts = Array.from({ length: HOSTS_MAX }, (_, at) => `host-${at}`.padEnd(64, '-') as HostId).sort();
    const known = { wish: wishOf([cloud, mac, mini], hosts), config: { ...MESH, members: hosts } };
    const [here, there] = [coreOn(mac, known), coreOn(cloud, known)];
    const whole = toldBy(there, mac) as Greeting;
    run(there, { type: 'replied', from: mac, question: whole, reply: answer(here, cloud, whole) as Greeting });
    expect(JSON.stringify(whole).length).toBeGreaterThan(100_000);
    const index = '"0123456789abcdef0123456789abcdef"';
    expect(JSON.stringify({ ...toldBy(there, mac), index }).length).toBeLessThanOrEqual(300);
  });

  it('are heard again with what they said whole, and with the votes and the memory of now', () => {
    const { here, there, whole } = strangers();
    answer(here, cloud, whole);
    const you = { incarnation: DATA[mac] ?? '', life: 1, boot: 'first', votes: 0 };
    const again = { version: 2, about: 'again', profile: nameOf(there), votes: 7, you } as const;
    answer(here, cloud, again, GREETING_INTERVAL_MS);
    const heard = here.membership.greetings.get(cloud);
    expect(heard?.atMs).toBe(GREETING_INTERVAL_MS);
    expect(heard?.greeting).toMatchObject({ config: MESH, incarnation: DATA[cloud], votes: 7, you });
    expect(here.membership.starts.isKnown).toBe(true);
  });

  it('share the lists that they have anyway', () => {
    const { here, whole } = strangers();
    answer(here, cloud, structuredClone(whole));
    const { greeting } = here.membership.greetings.get(cloud) ?? {};
    expect(greeting?.config).toBe(here.membership.config);
    expect(greeting?.wish.members).toBe(here.membership.wish.members);
  });
});

describe('the name of a profile', () => {
  it.each<[string, (state: CoreState) => void]>([
    ['what is wished', ({ membership }) => Object.assign(membership, { wish: wishOf([cloud, mac], [cloud, mac]) })],
    ['the configuration', ({ membership }) => Object.assign(membership, { config: { ...MESH, epoch: 2 } })],
    ['who was evicted', ({ membership }) => membership.evicting.set(desk, '2026-01-27T12:00:00.000Z')],
    ['the start', ({ membership: { starts } }) => Object.assign(starts, { own: { ...starts.own, number: 2 } })],
    ['the names of starts', ({ membership: { starts } }) => Object.assign(starts, { names: { 1: 'other' } })],
    [
      'that the start has withdrawn',
      ({ membership: { starts } }) => Object.assign(starts, { withdrawnOnWordOf: mini }),
    ],
  ])('changes with %s', (_, change) => {
    const state = coreOn(mac);
    const before = nameOf(state);
    expect(nameOf(state)).toBe(before);
    change(state);
    expect(nameOf(state)).not.toBe(before);
  });

  it('does not change with the votes', () => {
    const state = coreOn(mac);
    const before = nameOf(state);
    state.membership.starts.votesTold = 9;
    expect(nameOf(state)).toBe(before);
  });
});

describe('a host that is told a profile by a name that it does not know', () => {
  const again: GreetingAgain = { version: 2, about: 'again', profile: 'unheard of', votes: 3 };

  it('says so, and believes nothing of it', () => {
    const { here, whole } = strangers();
    answer(here, cloud, whole);
    const before = here.membership.greetings.get(cloud);
    expect(answer(here, cloud, again, 5)).toEqual({ version: 2, kind: 'unknown', incarnation: DATA[mac] });
    expect(here.membership.greetings.get(cloud)).toBe(before);
    expect(answer(here, mini, again)).toMatchObject({ kind: 'unknown' });
  });

  it('is told the whole at once', () => {
    const { here, there, whole } = strangers();
    run(there, { type: 'started' });
    run(there, { type: 'replied', from: mac, question: whole, reply: answer(here, cloud, whole) as Greeting });
    const reply = { version: 2, kind: 'unknown', incarnation: DATA[mac] ?? '' } as const;
    const effects = run(there, { type: 'replied', from: mac, question: toldBy(there, mac) as GreetingAgain, reply });
    expect(effects).toMatchObject([{ type: 'ask', to: mac, question: { about: 'greeting', config: MESH } }]);
  });

  it('lets an answer be that came late', () => {
    const { here, there, whole } = strangers();
    answer(here, cloud, whole);
    const heard = here.membership.greetings.get(cloud);
    run(here, { type: 'replied', from: cloud, question: toldBy(here, cloud), reply: again });
    expect(here.membership.greetings.get(cloud)).toBe(heard);
    expect(nameOf(there)).toBe(whole.profile);
  });
});

describe('a host of an earlier version', () => {
  it('is told everything each time, for it never says what it has', () => {
    const earlier = greetingOf(DATA[cloud] ?? '', wishOf([cloud, mac, mini]), { config: MESH });
    const here = started();
    for (let time = 0; time < 3; time += 1) {
      expect(answer(here, cloud, earlier)).toMatchObject({ about: 'greeting', config: MESH });
      expect(toldBy(here, cloud)).not.toHaveProperty('knows');
    }
  });

  it('that was a later one is told everything once it has refused a short greeting', () => {
    const { here, there, whole } = strangers();
    run(there, { type: 'replied', from: mac, question: whole, reply: answer(here, cloud, whole) as Greeting });
    expect(toldBy(there, mac).about).toBe('again');
    run(there, { type: 'ungreeted', from: mac, sinceMs: 0, why: 'It answers with status 400.' });
    expect(toldBy(there, mac).about).toBe('greeting');
    expect(there.membership.config?.voters).toEqual(votersOf(cloud, mac, mini));
  });
});
