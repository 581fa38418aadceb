// The look-ups that ask few or nobody, over a copy of what the peers show.
import { describe, expect, it } from 'vitest';
import type { ListedEntry, Question } from '../../../mesh/lookup/index-entry.ts';
import { createLookUps } from '../../../mesh/lookup/look-ups.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import { rosterOf as makeRoster } from '../../../mesh/roster.ts';
import { Copy } from '../../../node/feed/copy.ts';
import { addressOf } from '../../support/agent-of.ts';
import { parsePlainAddress } from '../../support/plain-address.ts';
import { rosterOf } from '../../support/roster-of.ts';
import { never, type PeerScript, ScriptedPeers, says, wireEntry } from '../../support/scripted-peers.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const TITANIA: Question = { address: addressOf('titania@x.com') };
const [cloud, pi] = ['cloud' as HostId, 'pi' as HostId];
const shown = says({ 'titania@x.com': wireEntry('cloud', 'titania') });

/** Host `mac`, whose copy has titania@x.com at cloud, confirmed now; and its peers. */
function meshOf(scripts: Record<string, PeerScript>, down: readonly string[] = [], own: readonly ListedEntry[] = []) {
  const clock = new VirtualClock();
  const transport = new ScriptedPeers(scripts);
  const copy = new Copy(clock);
  const { address, key } = addressOf('titania@x.com');
  const row = { address, key, agentId: 'id-titania' as AgentId, agentName: 'titania', hostId: cloud, primary: false };
  copy.change(cloud, { drop: [], put: [row] });
  copy.confirm(cloud);
  copy.confirm(pi);
  let roster = rosterOf('mac', 'cloud', 'pi');
  const disable = (id: string) => {
    const hosts = roster.hosts.map((host) => (host.id === id ? { ...host, enabled: false } : host));
    roster = makeRoster(hosts, roster.self);
  };
  const lookUps = createLookUps({
    ...{ transport, clock, copy, roster: () => roster, local: () => own, parseAddress: parsePlainAddress },
    isLegacy: () => false,
    isDown: (id) => down.includes(id),
  });
  const askedOf = () => transport.asked.map(({ to }) => to);
  const within = async <T>(ms: number, asked: Promise<T>): Promise<T> => {
    await clock.advance(ms);
    return Promise.race([asked, Promise.reject(new Error(`No answer within ${ms} ms.`))]);
  };
  return { clock, copy, lookUps, askedOf, within, disable };
}

const ownersIn = ({ emails }: { emails: ReadonlyMap<string, { entry: { hostId: string } }> }) =>
  [...emails].map(([key, { entry }]) => `${key} ${entry.hostId}`);

describe('mode=verify', () => {
  it('asks the host that the copy names, and nobody else', async () => {
    const { lookUps, askedOf, within } = meshOf({ cloud: shown, pi: never });
    const answer = await within(1, lookUps.verify(TITANIA));
    expect([ownersIn(answer), askedOf()]).toEqual([['titania@x.com cloud'], ['cloud']]);
    expect(answer.meta).toMatchObject({ hostsQueried: 2, hostsSucceeded: 2, mode: 'verify', source: 'owner' });
  });

  it('asks everybody when that host denies it: the copy is behind', async () => {
    const moved = says({ 'titania@x.com': wireEntry('pi', 'titania') });
    const { lookUps, within } = meshOf({ cloud: says({}), pi: moved });
    const answer = await within(1, lookUps.verify(TITANIA));
    expect(ownersIn(answer)).toEqual(['titania@x.com pi']);
    expect(answer.meta).toMatchObject({ hostsQueried: 3, mode: 'verify', source: 'owner' });
  });

  it('asks everybody after half a second of silence, and names the silent one', async () => {
    const { lookUps, askedOf, within } = meshOf({ cloud: never, pi: says({}) });
    const answer = await within(5_500, lookUps.verify(TITANIA));
    expect(askedOf()).toEqual(['cloud', 'cloud', 'pi']);
    expect([ownersIn(answer), answer.meta.hostsFailed]).toEqual([[], ['cloud']]);
    expect(answer.meta.queryTime).toBe(5_500);
  });

  it.each([
    ['an address that the copy does not have', { address: addressOf('other@x.com') }],
    ['everything', {}],
  ])('asks everybody for %s', async (_, question) => {
    const { lookUps, askedOf, within } = meshOf({ cloud: says({}), pi: says({}) });
    await within(1, lookUps.verify(question));
    expect(askedOf()).toEqual(['cloud', 'pi']);
  });

  it('asks nobody about what this host itself has', async () => {
    const { self } = rosterOf('mac');
    const entry = { agentId: 'id-own' as AgentId, agentName: 'own', hostId: self.id, hostUrl: self.url, primary: true };
    const { lookUps, askedOf, within } = meshOf(
      { cloud: never, pi: never },
      [],
      [{ ...addressOf('titania@x.com'), entry }],
    );
    const answer = await within(0, lookUps.verify(TITANIA));
    expect([ownersIn(answer), askedOf(), answer.meta.hostsQueried]).toEqual([['titania@x.com mac'], [], 1]);
  });

  it('asks for an agent where the copy says that it lives', async () => {
    const { lookUps, askedOf, within } = meshOf({ cloud: shown, pi: never });
    const answer = await within(1, lookUps.verify({ agentId: 'id-titania' as AgentId }));
    expect([ownersIn(answer), askedOf()]).toEqual([['titania@x.com cloud'], ['cloud']]);
  });
});

describe('mode=index', () => {
  it('asks nobody, and says how old the copy is', async () => {
    const { clock, lookUps, askedOf, within } = meshOf({ cloud: never, pi: never });
    const confirmedAt = new Date(clock.wallMs()).toISOString();
    await clock.advance(30_000);
    const answer = await within(1, lookUps.index(TITANIA));
    expect([ownersIn(answer), askedOf()]).toEqual([['titania@x.com cloud'], []]);
    expect(answer.meta).toMatchObject({
      ...{ mode: 'index', source: 'copy', asOf: confirmedAt, stale: [], complete: true },
      ...{ hostsQueried: 1, hostsSucceeded: 1, hostsFailed: [] },
    });
  });

  it('is complete no more once a host was not heard for longer than 40 s', async () => {
    const { clock, copy, lookUps, within } = meshOf({ cloud: never, pi: never });
    const oldest = new Date(clock.wallMs()).toISOString();
    await clock.advance(1_000);
    copy.confirm(cloud);
    await clock.advance(39_000);
    expect((await within(0, lookUps.index(TITANIA))).meta).toMatchObject({ complete: true, stale: [] });
    await clock.advance(1);
    expect((await within(0, lookUps.index(TITANIA))).meta).toMatchObject({
      ...{ complete: false, asOf: oldest },
      stale: [{ hostId: 'pi', asOf: oldest }],
    });
  });

  it('is complete no more from the moment on at which a host is not believed, until it is again', async () => {
    const { copy, lookUps } = meshOf({});
    expect((await lookUps.index(TITANIA)).meta.complete).toBe(true);
    copy.doubt(cloud);
    const { meta } = await lookUps.index(TITANIA);
    expect(meta).toMatchObject({ stale: [{ hostId: cloud, asOf: expect.any(String) }], complete: false });
    copy.confirm(cloud);
    expect((await lookUps.index(TITANIA)).meta).toMatchObject({ stale: [], complete: true });
  });

  it('tells as of when it is anew with each host that confirms its part', async () => {
    const { clock, copy, lookUps } = meshOf({ cloud: never, pi: never });
    const asOf = () => lookUps.known(TITANIA).meta.asOf;
    const first = asOf();
    await clock.advance(7_000);
    copy.confirm(cloud);
    expect(asOf()).toBe(first);
    copy.confirm(pi);
    expect(asOf()).toBe(new Date(clock.wallMs()).toISOString());
    copy.forget(pi);
    expect(asOf()).toBeNull();
  });

  it('answers of the hosts that hosts.json lists now', async () => {
    const { lookUps, disable } = meshOf({ cloud: never, pi: never });
    expect(ownersIn(lookUps.known(TITANIA))).toEqual(['titania@x.com cloud']);
    disable('cloud');
    expect(ownersIn(lookUps.known(TITANIA))).toEqual([]);
  });

  it('writes what one other host is known to show as it answers it, and leaves everything else', () => {
    const { address } = TITANIA;
    if (address === undefined) throw new Error('TITANIA asks about an address.');
    const { lookUps, copy, disable } = meshOf({ cloud: never, pi: never });
    const { emails, meta } = lookUps.known(TITANIA);
    const entries = Object.fromEntries([...emails].map(([key, { entry }]) => [key, entry]));
    expect(lookUps.knownJson(address.key)).toBe(JSON.stringify({ emails: entries, meta }));
    expect(lookUps.knownJson(addressOf('nobody@x.com').key)).toBeUndefined();
    const odd = { address: addressOf('Titania@x.com').address, key: addressOf('odd@x.com').key };
    const row = { ...odd, agentId: 'id-odd' as AgentId, agentName: 'odd', hostId: cloud, primary: false };
    copy.change(cloud, { drop: [], put: [row] });
    expect(lookUps.knownJson(odd.key)).toBeUndefined();
    copy.change(pi, { drop: [], put: [{ ...row, ...address, hostId: pi }] });
    expect(lookUps.knownJson(address.key)).toBeUndefined();
    copy.forget(pi);
    expect(lookUps.knownJson(address.key)).toBeDefined();
    disable('cloud');
    expect(lookUps.knownJson(address.key)).toBeUndefined();
  });

  it('writes nothing of an address that this host itself has', () => {
    const { self } = rosterOf('mac');
    const entry = { agentId: 'id-own' as AgentId, agentName: 'own', hostId: self.id, hostUrl: self.url, primary: true };
    const own = { ...addressOf('titania@x.com'), entry };
    const { lookUps } = meshOf({ cloud: never, pi: never }, [], [own]);
    expect(lookUps.knownJson(own.key)).toBeUndefined();
  });

  it('says of a host that it never heard that it knows nothing', async () => {
    const { copy, lookUps, within } = meshOf({ cloud: never, pi: never });
    copy.forget(pi);
    expect((await within(0, lookUps.index(TITANIA))).meta).toMatchObject({
      ...{ complete: false, asOf: null },
      stale: [{ hostId: 'pi', asOf: null }],
    });
  });

  it('shows no host that hosts.json disables', async () => {
    const { lookUps, within, disable } = meshOf({ cloud: never, pi: never });
    disable('cloud');
    expect(ownersIn(await within(0, lookUps.index(TITANIA)))).toEqual([]);
  });

  it('shows hosts that hosts.json lists alone, in its order', async () => {
    const { copy, lookUps, within } = meshOf({ cloud: never, pi: never });
    const { address, key } = addressOf('titania@x.com');
    const row = { address, key, agentId: 'id-titania' as AgentId, agentName: 'titania', hostId: cloud, primary: false };
    for (const host of ['stranger', 'pi']) copy.change(host as HostId, { drop: [], put: [row] });
    expect(ownersIn(await within(0, lookUps.index({})))).toEqual(['titania@x.com cloud']);
    copy.change(cloud, { drop: [key], put: [] });
    expect(ownersIn(await within(0, lookUps.index(TITANIA)))).toEqual(['titania@x.com pi']);
  });
});

describe('a host that is known to be down', () => {
  it('keeps nobody waiting for longer than 250 ms', async () => {
    const { lookUps, within } = meshOf({ cloud: says({}), pi: never }, ['pi']);
    const { meta } = await within(250, lookUps.everybody({ address: addressOf('other@x.com') }));
    expect(meta).toMatchObject({ hostsFailed: ['pi'], failures: { pi: 'peer_silent' } });
  });

  it('has its full time when the copy says that it is the owner', async () => {
    const { lookUps, within } = meshOf({ cloud: never, pi: says({}) }, ['cloud']);
    const asked = lookUps.everybody(TITANIA);
    await expect(within(4_999, asked)).rejects.toThrow('No answer within');
    expect((await within(1, asked)).meta.hostsFailed).toEqual(['cloud']);
  });

  it('has its full time again after one answer, until it fails', async () => {
    const other = { address: addressOf('other@x.com') };
    let isSilent = false;
    const moody: PeerScript = (...asked) => (isSilent ? never() : says({})(...asked));
    const { lookUps, within } = meshOf({ cloud: says({}), pi: moody }, ['pi']);
    await within(1, lookUps.everybody(other));
    isSilent = true;
    await within(200, Promise.resolve());
    const asked = lookUps.everybody(other);
    await expect(within(4_999, asked)).rejects.toThrow('No answer within');
    await within(1, asked);
    await within(250, lookUps.everybody(other));
  });
});
