// Real nodes beside a host of the original's kind, which serves the look-up and claims by look, then write.
import { describe, expect, it } from 'vitest';
import { type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { LegacyHost } from '../support/legacy-host.ts';
import { Client } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const CLAIMS = 40;

/** Hosts `mac` and `cloud`, up, and `old`, of the original's kind; as an operator meets them who only listed all three. */
async function twoAndOld(environment: Readonly<Record<string, string>> = {}) {
  const old = await LegacyHost.open('old');
  const specs = [{ id: 'mac' }, { id: 'cloud' }, { id: 'old', entry: { url: old.url } }];
  const mesh = await ProcessMesh.create(specs, { environment });
  const [mac, cloud] = [mesh.host('mac'), mesh.host('cloud')];
  await Promise.all([mac.start(), cloud.start()]);
  const client = new Client();
  const agentOf = (address: string, name = address.replace('@', '.')) => ({
    ...{ name, tools: { email: { addresses: [{ address }] } } },
  });
  /** Until it is decided. */
  const claim = (host: HostProcess, ...named: Parameters<typeof agentOf>) =>
    client.decide(host, 'POST', '/api/agents', agentOf(...named));
  /** Once. */
  const tryToClaim = (host: HostProcess, address: string) =>
    client.expect(host, 'POST', '/api/agents', agentOf(address));
  const dispose = async () => {
    await client[Symbol.asyncDispose]();
    await mesh[Symbol.asyncDispose]();
    await old[Symbol.asyncDispose]();
  };
  return { old, mac, cloud, client, claim, tryToClaim, [Symbol.asyncDispose]: dispose };
}

describe('a mesh with a legacy host', () => {
  it('forms without its vote, asks it before each claim, and shows it what is being claimed', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    await using world = await twoAndOld();
    const { old, mac, cloud, client, claim, tryToClaim } = world;
    old.write('taken@x.com', 'oberon');
    expect(await claim(mac, 'titania@x.com')).toMatchObject({ status: 201 });
    expect(await claim(cloud, 'Taken@x.com', 'puck')).toMatchObject({
      status: 409,
      body: { claimedBy: { agentName: 'oberon', hostId: 'old' } },
    });
    expect(await old.claim('titania@x.com', 'oberon', [mac.url, cloud.url])).toBe(409);
    const { body } = await client.expect(mac, 'GET', '/api/hosts');
    expect([body.mesh.voters, body.hosts[2]]).toMatchObject([
      ['cloud', 'mac'],
      { id: 'old', legacy: true, votes: false },
    ]);

    old.isSilent = true;
    expect(await tryToClaim(mac, 'moth@x.com')).toMatchObject({
      status: 503,
      body: { reason: 'legacy_peer', hostsFailed: ['old'], message: expect.stringContaining('MESH_LEGACY=lenient') },
    });
    expect(await client.expect(mac, 'GET', '/ready')).toMatchObject({ status: 503, body: { reason: 'legacy_peer' } });
    old.isSilent = false;
    expect(await claim(mac, 'moth@x.com')).toMatchObject({ status: 201 });
  });

  it('finds what both were given because the other looked first and wrote after', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    await using world = await twoAndOld();
    const { old, mac, cloud, client, claim } = world;
    const addresses = Array.from({ length: CLAIMS }, (_, number) => `raced-${number}@x.com`);
    const both = await Promise.all(
      addresses.map(async (address) => {
        const [ours, theirs] = await Promise.all([
          claim(mac, address),
          old.claim(address, 'oberon', [mac.url, cloud.url]),
        ]);
        expect([201, 409]).toContain(ours.status);
        return ours.status === 201 && theirs === 201 ? [address] : [];
      }),
    );
    // Looked while it was free, written after it was claimed here.
    await claim(mac, 'late@x.com');
    old.write('late@x.com', 'oberon');
    const doubles = [...both.flat(), 'late@x.com'].sort();
    let found: string[] = [];
    while (found.length < doubles.length) {
      const { body } = await client.expect(mac, 'GET', '/api/conflicts');
      found = (body.undecided as { address: string }[]).map(({ address }) => address).sort();
    }
    expect(found).toEqual(doubles);
    // The same owner everywhere: the one that the voters know.
    const at = await client.lookUp(cloud, '&address=late@x.com');
    expect(at.body.emails['late@x.com']?.hostId).toBe('mac');
  });

  it('is refused where none may be listed, and goes on without it where that is allowed', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    await using strict = await twoAndOld({ MESH_LEGACY: 'strict' });
    expect(await strict.tryToClaim(strict.mac, 'titania@x.com')).toMatchObject({ status: 503 });
    await using lenient = await twoAndOld({ MESH_LEGACY: 'lenient' });
    expect(await lenient.claim(lenient.mac, 'titania@x.com')).toMatchObject({ status: 201 });
    lenient.old.isSilent = true;
    expect(await lenient.claim(lenient.mac, 'moth@x.com')).toMatchObject({ status: 201 });
  });
});
