// The look-up that asks the host which the copy names, before it asks everybody: over a copy in memory and one peer that does as told.
import { describe, expect, it } from 'vitest';
import type { LookUpAnswer } from '../../../mesh/lookup/fan-out.ts';
import type { ListedEntry, Question } from '../../../mesh/lookup/index-entry.ts';
import { createOwnerFirst } from '../../../mesh/lookup/owner-first.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import { Copy } from '../../../node/feed/copy.ts';
import { addressOf } from '../../support/agent-of.ts';
import { parsePlainAddress } from '../../support/plain-address.ts';
import { rosterOf } from '../../support/roster-of.ts';
import { never, type PeerScript, ScriptedPeers, says, wireEntry } from '../../support/scripted-peers.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const TITANIA = addressOf('titania@x.com');
const cloud = 'cloud' as HostId;
const EVERYBODY_MS = 40;
const owned = says({ 'titania@x.com': wireEntry('cloud', 'titania') });
const OWN = { ...TITANIA, entry: { hostId: 'mac' } } as unknown as ListedEntry;

/** Host `mac`, whose copy has the address at `cloud`. `everybody`: how often everybody was asked. */
function ownerFirst(script: PeerScript, { own = [] as ListedEntry[], peers = ['cloud'] } = {}) {
  const [clock, transport] = [new VirtualClock(), new ScriptedPeers({ cloud: script })];
  const copy = new Copy(clock);
  const row = { ...TITANIA, agentId: 'a1' as AgentId, agentName: 'titania', hostId: cloud, primary: true };
  copy.change(cloud, { drop: [], put: [row] });
  const world = { everybody: 0 };
  const lookUp = createOwnerFirst({
    transport,
    clock,
    copy,
    parseAddress: parsePlainAddress,
    roster: () => rosterOf('mac', ...peers),
    isLegacy: () => false,
    local: () => own,
    lookUp: async () => {
      world.everybody += 1;
      await clock.sleep(EVERYBODY_MS);
      return { emails: new Map(), meta: { hostsQueried: 2, queryTime: EVERYBODY_MS } } as unknown as LookUpAnswer;
    },
  });
  const ask = async (question: Question, afterMs = 0) => {
    const asked = lookUp(question);
    await clock.advance(afterMs);
    return asked;
  };
  return { clock, transport, world, lookUp, ask };
}

describe('a look-up that asks the owner first', () => {
  it.each<[string, Parameters<typeof ownerFirst>, Question, [asked: number, everybody: number, hosts: number]]>([
    ['is confirmed by the owner', [owned], { address: TITANIA }, [1, 0, 2]],
    ['asks nobody for what is its own', [owned, { own: [OWN] }], { address: TITANIA }, [0, 0, 1]],
    ['asks everybody when the owner denies it', [says({})], { address: TITANIA }, [1, 1, 2]],
    ['asks everybody when the owner fails', [async () => ({ status: 500, body: {} })], { address: TITANIA }, [1, 1, 2]],
    ['asks everybody when the owner is listed no more', [owned, { peers: [] }], { address: TITANIA }, [0, 1, 2]],
    ['asks everybody for what the copy does not have', [owned], { address: addressOf('o@x.com') }, [0, 1, 2]],
    ['asks everybody for everything', [owned, { own: [OWN] }], {}, [0, 1, 2]],
  ])('%s', async (_, [script, options], question, [asked, everybody, hosts]) => {
    const { ask, transport, world } = ownerFirst(script, options);
    const { meta } = await ask(question, EVERYBODY_MS);
    expect([transport.asked.length, world.everybody]).toEqual([asked, everybody]);
    expect(meta).toMatchObject({ hostsQueried: hosts, mode: 'verify', source: 'owner' });
  });

  it('waits half a second for the owner, and says how long all of it took', async () => {
    const { ask, clock, world, lookUp } = ownerFirst(never);
    void lookUp({ address: TITANIA });
    await clock.advance(499);
    expect(world.everybody).toBe(0);
    await clock.advance(1 + EVERYBODY_MS);
    expect(world.everybody).toBe(1);
    const { meta } = await ask({ address: TITANIA }, 500 + EVERYBODY_MS);
    expect(meta.queryTime).toBe(500 + EVERYBODY_MS);
  });

  it('rejects, and asks nobody, when it is given up before', async () => {
    const { lookUp, transport, world } = ownerFirst(owned);
    await expect(lookUp({ address: TITANIA }, AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up');
    expect([transport.asked.length, world.everybody]).toEqual([0, 0]);
  });

  it('does not ask everybody any more when it is given up while the owner is asked', async () => {
    const { lookUp, clock, world } = ownerFirst(never);
    const stop = new AbortController();
    const asked = lookUp({ address: TITANIA }, stop.signal);
    await clock.advance(10);
    stop.abort(new Error('given up'));
    await expect(asked).rejects.toThrow('given up');
    expect(world.everybody).toBe(0);
  });
});
