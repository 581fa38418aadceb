// What every engine must do for the claims; run against each one that is real.
import { describe, expect, it } from 'vitest';
import type { ClaimEngine } from '../../mesh/engine/claim-engine.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Claim } from '../../mesh/state/claim-store.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

export interface EngineUnderTest {
  /** An engine of its own connections, on the same data. */
  open(): Promise<ClaimEngine>;
}

const soon = () => AbortSignal.timeout(LIVE_MS_MAX);
let names = 0;

function claimOf(host: string, key: string, claimId = `claim-${host}-${key.slice(0, 20)}`): Claim {
  const owner: Owner = {
    hostId: host as HostId,
    agentId: 'a1' as AgentId,
    agentName: 'Titania “é”',
    claimId: claimId.replace(/[^A-Za-z0-9_-]/g, '-').padEnd(10, '0') as ClaimId,
    since: '2026-01-27T12:00:00.000Z',
  };
  return { key: key as AddressKey, owner };
}

/** An address that no other test has. */
function fresh(name = 'a'): string {
  names += 1;
  return `${name}${names}+"x\\y"'é@x.com`;
}

const released = ({ key, owner }: Claim) => ({ key, claimId: owner.claimId });

export function claimEngineContract(name: string, engineUnderTest: () => EngineUnderTest): void {
  describe(`${name} as the claims need it`, { timeout: LIVE_MS_MAX }, () => {
    const opened = () => engineUnderTest().open();

    it('gives an address once, and says who has it', async () => {
      await using disposer = new AsyncDisposableStack();
      const engine = await opened();
      disposer.defer(() => engine.close());
      const [mine, other] = [claimOf('mac', fresh('who')), claimOf('cloud', fresh('who'))];
      const theirs = { ...other, key: mine.key };
      expect(await engine.put([mine], soon())).toBeUndefined();
      expect(await engine.put([theirs], soon())).toEqual({ key: mine.key, owner: mine.owner });
      expect(await engine.read(mine.key, soon())).toEqual(mine.owner);
      expect(await engine.read(fresh() as AddressKey, soon())).toBeNull();
    });

    it('puts the same claim again without harm', async () => {
      const engine = await opened();
      const claims = [claimOf('mac', fresh()), claimOf('mac', fresh())];
      expect(await engine.put(claims, soon())).toBeUndefined();
      expect(await engine.put(claims, soon())).toBeUndefined();
      await engine.close();
    });

    it('puts all of them or none', async () => {
      const engine = await opened();
      const taken = claimOf('cloud', fresh());
      await engine.put([taken], soon());
      const claims = [
        claimOf('mac', fresh('0')),
        { ...claimOf('mac', fresh()), key: taken.key },
        claimOf('mac', fresh('z')),
      ];
      expect(await engine.put(claims, soon())).toEqual({ key: taken.key, owner: taken.owner });
      for (const at of [0, 2]) expect(await engine.read(claims[at]?.key as AddressKey, soon())).toBeNull();
      await engine.close();
    });

    it('removes that very claim, and no other', async () => {
      const engine = await opened();
      const [mine, next] = [claimOf('mac', fresh()), claimOf('cloud', fresh())];
      await engine.put([mine], soon());
      await engine.release([{ ...released(next), key: mine.key }], soon());
      expect(await engine.read(mine.key, soon())).toEqual(mine.owner);
      await engine.release([released(mine)], soon());
      await engine.release([released(mine)], soon());
      expect(await engine.read(mine.key, soon())).toBeNull();
      expect(await engine.put([{ ...next, key: mine.key }], soon())).toBeUndefined();
      await engine.close();
    });

    it('forgets a claim that was given up, put or not, and puts others in its place', async () => {
      const engine = await opened();
      const [put, unheard, next] = [claimOf('mac', fresh()), claimOf('mac', fresh()), claimOf('cloud', fresh())];
      await engine.put([put], soon());
      await engine.abort([released(put), released(unheard)], soon());
      await engine.abort([released(put), released(unheard)], soon());
      for (const { key } of [put, unheard]) {
        expect(await engine.read(key, soon())).toBeNull();
        expect(await engine.put([{ ...next, key }], soon())).toBeUndefined();
      }
      await engine.close();
    });

    it('frees all that one host has, and nothing of others', async () => {
      const engine = await opened();
      const theirs = Array.from({ length: 1_020 }, () => claimOf('gone', fresh('gone')));
      const mine = claimOf('mac', fresh('gone'));
      for (let at = 0; at < theirs.length; at += 60) await engine.put(theirs.slice(at, at + 60), soon());
      await engine.put([mine], soon());
      await engine.evict('gone' as HostId, soon());
      for (const at of [0, 500, 1_019]) expect(await engine.read(theirs[at]?.key as AddressKey, soon())).toBeNull();
      expect(await engine.read(mine.key, soon())).toEqual(mine.owner);
      await engine.evict('gone' as HostId, soon());
      await engine.close();
    });

    it('gives one of many at once each address', async () => {
      const engines = await Promise.all(Array.from({ length: 4 }, opened));
      const keys = Array.from({ length: 10 }, () => fresh('race'));
      const results = await Promise.all(
        keys.flatMap((key) =>
          engines.map(async (engine, host) => {
            const claim = claimOf(`h${host}`, key, `claim-${host}-${key.slice(0, 8)}`);
            return { key, claim, inTheWay: await engine.put([claim], soon()) };
          }),
        ),
      );
      for (const key of keys) {
        const winners = results.filter((one) => one.key === key && one.inTheWay === undefined);
        expect(winners.length).toBe(1);
        for (const loser of results.filter((one) => one.key === key && one.inTheWay !== undefined))
          expect(loser.inTheWay?.owner).toEqual(winners[0]?.claim.owner);
      }
      await Promise.all(engines.map((engine) => engine.close()));
    });

    it('says that it is there', async () => {
      const engine = await opened();
      await engine.ping(soon());
      await engine.close();
    });
  });
}
