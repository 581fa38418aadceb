// Claims by a quorum, over a mesh in memory: one host's questions and what it makes of the answers.
// Longer than 300 lines: its cases share one mesh in memory.
import { describe, expect, it } from 'vitest';
import type { Conversation } from '../../../mesh/claims/conversation.ts';
import { GREETING_INTERVAL_MS } from '../../../mesh/limits.ts';
import type { AddressKey } from '../../../mesh/names.ts';
import type { Claim } from '../../../mesh/state/claim-store.ts';
import { type QuorumHost, QuorumMesh } from '../../support/quorum-mesh.ts';

async function threeHosts() {
  const mesh = new QuorumMesh('mac', 'cloud', 'mini');
  const [mac, cloud, mini] = [await mesh.start('mac'), await mesh.start('cloud'), await mesh.start('mini')];
  await mesh.clock.advance(2_000);
  return { mesh, mac, cloud, mini };
}

const claimOf = (mesh: QuorumMesh, host: QuorumHost, address: string): Claim => ({
  key: address as AddressKey,
  owner: mesh.owner(host),
});

/** Claims as the registry does: what was held is committed together with the end of its intent. */
async function claim(mesh: QuorumMesh, host: QuorumHost, ...addresses: string[]) {
  const claims = addresses.map((address) => claimOf(mesh, host, address));
  const asked = host.claims.claim(claims);
  await mesh.clock.advance(6_000);
  const result = await asked;
  if (result.kind === 'held') {
    await host.store.commit(result.intentsDone);
    for (const { key, owner } of claims) host.held.set(key, owner);
  }
  return { result, claims };
}

describe('the quorum', () => {
  it('gives an address to one host and tells the other who has it', async () => {
    const { mesh, mac, cloud } = await threeHosts();
    const won = await claim(mesh, mac, 'titania@x.com');
    const lost = await claim(mesh, cloud, 'titania@x.com');
    expect([won.result.kind, lost.result]).toMatchObject(['held', { kind: 'conflict', owner: won.claims[0]?.owner }]);
  });

  it('tells why the voters may not know what a host holds', async () => {
    const { mesh, mac, cloud, mini } = await threeHosts();
    const disks = [mac, cloud, mini].map(({ store }) => new Map(store.crash()));
    for (const disk of disks.slice(0, 2)) {
      const config = JSON.parse(disk.get('claim/config') ?? '');
      disk.set('claim/config', JSON.stringify({ ...config, epoch: 9, settled: [7] }));
    }
    await mesh.start('mac', disks[0]);
    await mesh.start('cloud', disks[1]);
    await mesh.start('mini', disks[2], ['oberon@x.com']);
    await mesh.clock.advance(15_000);
    expect(mesh.doubts).toEqual([{ host: 'mini', why: 'returned' }]);
  });

  it('claims ten addresses in two round trips', async () => {
    const { mesh, mac } = await threeHosts();
    mesh.messages.length = 0;
    await claim(mesh, mac, ...Array.from({ length: 10 }, (_, index) => `a${index}@x.com`));
    expect(
      mesh.messages.filter(({ to }) => to === 'cloud').map(({ message }) => message.items.map(({ kind }) => kind)),
    ).toEqual([Array.from({ length: 10 }, () => 'prepare'), Array.from({ length: 10 }, () => 'accept')]);
  });

  it('claims all or none: what it won beside a conflict is free again', async () => {
    const { mesh, mac, cloud } = await threeHosts();
    await claim(mesh, cloud, 'taken@x.com');
    const { result } = await claim(mesh, mac, 'a@x.com', 'taken@x.com', 'z@x.com');
    expect(result).toMatchObject({ kind: 'conflict', key: 'taken@x.com' });
    await mesh.clock.advance(5_000);
    expect((await claim(mesh, cloud, 'a@x.com', 'z@x.com')).result.kind).toBe('held');
    expect([mac.claims.status().unsettled, cloud.claims.status().unsettled]).toEqual([0, 0]);
  });

  it('answers unavailable, naming the silent, when no majority is there', async () => {
    const { mesh, mac } = await threeHosts();
    mesh.silent.add('cloud' as never).add('mini' as never);
    await mesh.clock.advance(10_000);
    const { result } = await claim(mesh, mac, 'titania@x.com');
    expect(result).toMatchObject({
      kind: 'unavailable',
      reason: 'no_majority',
      required: 2,
      reached: 1,
      hostsFailed: ['cloud', 'mini'],
    });
  });

  it('is ready while a majority was heard, and says what is missing when not', async () => {
    const { mesh, mac } = await threeHosts();
    expect(mac.claims.status()).toMatchObject({ ready: true, required: 2, voters: ['cloud', 'mac', 'mini'] });
    mesh.silent.add('cloud' as never).add('mini' as never);
    await mesh.clock.advance(40_000);
    expect(mac.claims.status()).toMatchObject({
      ready: false,
      why: expect.stringMatching(/2 of 3 voters must answer; 1 did/),
    });
  });

  it('is not ready once a majority has not answered, and is again when it does', async () => {
    const { mesh, mac } = await threeHosts();
    mesh.silent.add('cloud' as never).add('mini' as never);
    await claim(mesh, mac, 'titania@x.com');
    expect(mac.claims.status()).toMatchObject({ ready: false, reason: 'no_majority', hosts: ['cloud', 'mini'] });
    mesh.silent.clear();
    await mesh.clock.advance(11_000);
    expect(mac.claims.status().ready).toBe(true);
  });

  it('confirms a release, after which another host may claim', async () => {
    const { mesh, mac, cloud } = await threeHosts();
    const { claims } = await claim(mesh, mac, 'titania@x.com');
    const released = claims.map(({ key, owner }) => ({ key, claimId: owner.claimId }));
    await mac.store.commit(mac.claims.releaseWrites(released));
    mac.held.clear();
    const release = mac.claims.release(released);
    await mesh.clock.advance(1_000);
    expect(await release).toBe('confirmed');
    expect((await claim(mesh, cloud, 'titania@x.com')).result.kind).toBe('held');
  });

  it('answers a release as pending after two seconds, and ends it when the voters are back', async () => {
    const { mesh, mac, cloud } = await threeHosts();
    const { claims } = await claim(mesh, mac, 'titania@x.com');
    const released = claims.map(({ key, owner }) => ({ key, claimId: owner.claimId }));
    mesh.silent.add('cloud' as never).add('mini' as never);
    await mac.store.commit(mac.claims.releaseWrites(released));
    mac.held.clear();
    const release = mac.claims.release(released);
    await mesh.clock.advance(2_000);
    expect(await release).toBe('pending');
    mesh.silent.clear();
    await mesh.clock.advance(5_000);
    expect(mac.claims.status().unsettled).toBe(0);
    expect((await claim(mesh, cloud, 'titania@x.com')).result.kind).toBe('held');
  });

  it('gives back after a restart what its registry never took', async () => {
    const { mesh, mac, cloud } = await threeHosts();
    const asked = mac.claims.claim([claimOf(mesh, mac, 'titania@x.com')]);
    await mesh.clock.advance(1_000);
    expect((await asked).kind).toBe('held');
    mac.claims.stop();
    await mesh.start('mac', mac.store.crash());
    await mesh.clock.advance(5_000);
    expect((await claim(mesh, cloud, 'titania@x.com')).result.kind).toBe('held');
  });

  it('tells who owns an address that this host holds too, and takes again one that nobody has', async () => {
    const { mesh, mac, mini } = await threeHosts();
    const { claims } = await claim(mesh, mac, 'titania@x.com');
    const held = [claimOf(mesh, mini, 'titania@x.com'), claimOf(mesh, mini, 'nobody@x.com')];
    const confirmed = mini.claims.confirm(held);
    await mesh.clock.advance(1_000);
    expect(await confirmed).toEqual({ kind: 'confirmed', rivals: claims });
    expect((await claim(mesh, mac, 'nobody@x.com')).result).toMatchObject({ kind: 'conflict', owner: held[1]?.owner });
  });

  it('ends what is in hand when it stops', async () => {
    const { mesh, mac } = await threeHosts();
    mesh.silent.add('cloud' as never).add('mini' as never);
    const asked = mac.claims.claim([claimOf(mesh, mac, 'titania@x.com')]);
    mac.claims.stop();
    expect(await asked).toMatchObject({ kind: 'unavailable', reason: 'stopping' });
  });

  it('answers nothing that its disk did not take', async () => {
    const { mesh, mac } = await threeHosts();
    mac.store.breakDisk(new Error('no space left'));
    const asked = mac.claims.claim([claimOf(mesh, mac, 'titania@x.com')]);
    await mesh.clock.advance(6_000);
    expect((await asked).kind).toBe('unavailable');
  });
});

describe('a voter whose memory lies', () => {
  it('answers nothing, writes nothing and ends its store with a sentence', async () => {
    const mesh = new QuorumMesh('mac', 'cloud');
    const [mac, cloud] = [await mesh.start('mac'), await mesh.start('cloud')];
    await mesh.clock.advance(2_000);
    const key = 'titania@x.com' as AddressKey;
    // As no acceptor leaves it: accepted above what was promised.
    mac.registers.set(key, { promised: [1, 'cloud'], accepted: [9_999_999, 'cloud'], value: mesh.owner(cloud) });
    const lost = claim(mesh, cloud, key);
    expect((await lost).result.kind).toBe('unavailable');
    const sentence =
      /The register of 'titania@x.com' has accepted ballot 9999999 cloud above its promise .* Start the node again/;
    expect(await mac.store.failed).toMatchObject({ code: 'store_failed', message: expect.stringMatching(sentence) });
    expect(mac.store.snapshot().has(`claim/register/${key}`)).toBe(false);
    expect(await mac.claims.claim([claimOf(mesh, mac, 'oberon@x.com')])).toMatchObject({ reason: 'stopping' });
  });
});

describe('claims whose decisions could not all be carried out', () => {
  const endOf = ({ store }: QuorumHost) => Promise.race([store.failed, 'it goes on']);
  const deafTo = (heard: () => never): Conversation => ({
    carries: heard,
    index: () => '"1"',
    greeted: () => undefined,
    heard: () => undefined,
  });

  it('are over, and say so, for what was left out is never made up for', async () => {
    const mesh = new QuorumMesh('mac', 'cloud');
    let isBroken = false;
    mesh.conversationOf = () =>
      deafTo((() => {
        if (isBroken) throw new TypeError('carries is not a function');
        return false;
      }) as () => never);
    const mac = await mesh.start('mac');
    await mesh.start('cloud');
    await mesh.clock.advance(2_000);
    isBroken = true;
    await mesh.clock.advance(GREETING_INTERVAL_MS);
    const sentence = /could not be brought to its end: carries is not a function\. .* Start the node again/;
    expect(await endOf(mac)).toMatchObject({ code: 'store_failed', message: expect.stringMatching(sentence) });
    expect(await mac.claims.claim([claimOf(mesh, mac, 'oberon@x.com')])).toMatchObject({ reason: 'stopping' });
  });

  it('are over when the core itself throws in the middle of an event', async () => {
    const { mesh, mac, cloud } = await threeHosts();
    mac.held.get = () => {
      throw new TypeError('no such map');
    };
    expect((await claim(mesh, cloud, 'titania@x.com')).result.kind).toBe('held');
    const sentence = expect.stringMatching(/could not be brought to its end: no such map/);
    expect(await endOf(mac)).toMatchObject({ code: 'store_failed', message: sentence });
  });
});

describe('a host whose addresses were claimed with an engine', () => {
  it.each([{ hosts: ['mac'] }, { hosts: ['mac', 'cloud'] }])(
    'says so, and ends whatever it is asked, as one of $hosts',
    async ({ hosts }) => {
      const mesh = new QuorumMesh(...hosts);
      const mac = await mesh.start('mac', undefined, ['titania@x.com']);
      for (const id of hosts.slice(1)) await mesh.start(id);
      await mesh.clock.advance(2_000);
      const sentence = expect.stringMatching(/claimed with an engine.*Start it with the MESH_CLAIMS that it had/);
      const refusal = { reason: 'membership_mismatch', message: sentence };
      expect(mac.claims.status()).toMatchObject({ ready: false, reason: 'membership_mismatch', why: sentence });
      expect(mac.claims.membership().state).toEqual(sentence);
      expect(await mac.claims.claim([claimOf(mesh, mac, 'oberon@x.com')])).toMatchObject(refusal);
      const asked = mac.claims.confirm([claimOf(mesh, mac, 'titania@x.com')]);
      await mesh.clock.advance(5_000);
      expect(await asked).toMatchObject(refusal);
    },
  );
});

describe('a peer that refuses to speak about claims', () => {
  it('is quoted for as long as it does', async () => {
    const mesh = new QuorumMesh('mac', 'cloud');
    const mac = await mesh.start('mac');
    mesh.refusing.set('cloud' as never, 'The claims are kept elsewhere.');
    await mesh.clock.advance(2_000);
    const why = expect.stringMatching(/cloud has not answered.*'cloud' answers with status 409: The claims are kept/);
    expect(mac.claims.status()).toMatchObject({ ready: false, why });
    mesh.refusing.clear();
    const cloud = await mesh.start('cloud');
    await mesh.clock.advance(12_000);
    expect(mac.claims.status()).toMatchObject({ ready: true });
    mesh.refusing.set('cloud' as never, 'The claims are kept elsewhere.');
    cloud.claims.stop();
    await mesh.clock.advance(40_000);
    expect(mac.claims.status().why).toMatch(/1 did when last asked\..*The claims are kept elsewhere/);
    expect(mac.claims.membership().notes).toEqual([expect.stringContaining('The claims are kept elsewhere.')]);
  });
});

describe('a mesh whose routine greetings are carried', () => {
  /** Two hosts that have met; what was said between them since then stands in `said`. */
  async function carried(carries: boolean) {
    const mesh = new QuorumMesh('mac', 'cloud');
    const said: string[] = [];
    mesh.conversationOf = (self) => ({
      carries: () => carries,
      index: () => `index of ${self}`,
      greeted: (to, how) => said.push(`${self} > ${to}: ${'reply' in how ? how.reply.index : how.error}`),
      heard: (from, { index }) => said.push(`${self} < ${from}: ${index}`),
    });
    const [mac, cloud] = [await mesh.start('mac'), await mesh.start('cloud')];
    await mesh.clock.advance(10_000);
    await claim(mesh, mac, 'titania@x.com');
    // The votes that were cast have been told.
    await mesh.clock.advance(20_000);
    said.length = 0;
    return { mesh, mac, cloud, said };
  }

  it('says nothing again by itself, and everything when it is asked to', async () => {
    const { mesh, mac, cloud, said } = await carried(true);
    await mesh.clock.advance(20_000);
    expect(said).toEqual([]);
    mac.claims.greet(cloud.id);
    await mesh.clock.advance(1);
    expect(said).toEqual(['cloud < mac: index of mac', 'mac > cloud: index of cloud']);
  });

  it('says it every ten seconds to a host that nobody carries it to', async () => {
    const { mesh, said } = await carried(false);
    await mesh.clock.advance(20_000);
    expect(said.filter((line) => line.startsWith('mac >'))).toHaveLength(2);
  });

  it('says what is new at once', async () => {
    const { mesh, mac, said } = await carried(true);
    mac.claims.wish({ voters: [mac.id], members: [mac.id] });
    await mesh.clock.advance(1);
    expect(said).toContain('mac > cloud: index of cloud');
  });

  it('tells of a greeting that nobody answered', async () => {
    const { mesh, mac, cloud, said } = await carried(true);
    mesh.silent.add(cloud.id);
    mac.claims.greet(cloud.id);
    await mesh.clock.advance(2_000);
    expect(said).toEqual([expect.stringMatching(/^mac > cloud: MeshError: .*did not answer/)]);
  });
});
