// An earlier version of the program and this one in one mesh, as while hosts are brought up to date one after the other.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until } from '../../scripts/chaos/claimants.ts';
import { HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { Client } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** The last commit before backups, and before the change log had a table of its own. */
const BEFORE_BACKUPS = 'fc0138502dc1715705750a7154b6afdedf24ec33';
/** The last commit before released names were collected: its hosts have no channels either, and no commit log. */
const BEFORE_CHANNELS = 'f3f03437594433ce1067f77d16dda64a2a4ca631';
const HAS_EARLIER = spawnSync('git', ['cat-file', '-e', BEFORE_BACKUPS], { cwd: ROOT }).status === 0;

/** The program of that commit; a folder for it is made in `directory`. Resolves with its main file. */
function programOf(commit: string, directory: string): string {
  const earlier = join(directory, 'earlier');
  mkdirSync(earlier);
  const archive = execFileSync('git', ['archive', commit, 'mesh', 'node', 'package.json'], {
    cwd: ROOT,
    maxBuffer: 64 * 1_024 * 1_024,
  });
  execFileSync('tar', ['x', '-C', earlier], { input: archive });
  symlinkSync(join(ROOT, 'node_modules'), join(earlier, 'node_modules'));
  return join(earlier, 'node', 'main.ts');
}

const withAddress = (address: string) => ({ email: { addresses: [{ address }] } });

async function ownerByCopy(client: Client, host: HostProcess, address: string): Promise<unknown> {
  const path = `/api/agents/email-index?federated=true&mode=index&address=${address}`;
  return (await client.expect(host, 'GET', path)).body.emails[address]?.hostId;
}

it.skipIf(!HAS_EARLIER)(
  'an earlier version votes, is followed, and its data is taken over (skipped where git has no history)',
  { timeout: LIVE_MS_MAX },
  async () => {
    await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }]);
    await using client = new Client();
    const [mac, cloud, mini] = [mesh.host('mac'), mesh.host('cloud'), mesh.host('mini')];
    const main = programOf(BEFORE_BACKUPS, mesh.directory);
    const former = new HostProcess('mini', mini.url, mesh.directory, { main });
    const create = (host: HostProcess, id: string, address: string) =>
      until(async () => {
        const agent = { id, name: id, tools: withAddress(address) };
        // 200: it is there already, by an earlier answer that a busy machine kept.
        return [200, 201].includes((await client.expect(host, 'POST', '/api/agents', agent)).status);
      }, `${id} is created`);
    try {
      await Promise.all([mac.start(), cloud.start(), former.start()]);
      await create(former, 'old', 'old@x.com');
      // The vote of each version is needed by the other.
      await cloud.kill();
      await create(mac, 'new', 'new@x.com');
      await create(former, 'older', 'older@x.com');
      await until(async () => (await ownerByCopy(client, mac, 'older@x.com')) === 'mini', 'mac has heard of it');
      await until(
        async () => (await ownerByCopy(client, former, 'new@x.com')) === 'mac',
        'the earlier version has heard of it',
      );
      await former.stop();
      await mini.start();
      await create(mini, 'taken-over', 'over@x.com');
      expect(mini.log).toContain('store.migrated');
      const rival = { name: 'x', tools: withAddress('old@x.com') };
      expect((await client.decide(mac, 'POST', '/api/agents', rival)).status).toBe(409);
      await mini.stop();
      await expect(former.start()).rejects.toThrow(/has format 4, and this program knows format 2/);
    } finally {
      await former.kill();
    }
  },
);

it.skipIf(!HAS_EARLIER)(
  'two hosts of a version without channels and one of this one are one mesh, also once they are brought up to date (skipped where git has no history)',
  { timeout: 2 * LIVE_MS_MAX },
  async () => {
    await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }]);
    await using client = new Client();
    const [mac, cloud, mini] = [mesh.host('mac'), mesh.host('cloud'), mesh.host('mini')];
    const main = programOf(BEFORE_CHANNELS, mesh.directory);
    const earlier = [cloud, mini].map(({ id, url }) => new HostProcess(id, url, mesh.directory, { main }));
    const [oldCloud, oldMini] = earlier as [HostProcess, HostProcess];
    const claims = async (host: HostProcess, name: string) => {
      const agent = { id: name, name, tools: withAddress(`${name}@x.com`) };
      expect([name, [200, 201].includes((await client.decide(host, 'POST', '/api/agents', agent)).status)]).toEqual([
        name,
        true,
      ]);
    };
    /** An agent of each claims an address, which nobody else gets, and everybody finds; and gives it up for another host's to claim. */
    const works = async (hosts: readonly HostProcess[], round: string) => {
      for (const [at, host] of hosts.entries()) {
        const [name, next] = [`${host.id}-${round}`, hosts[(at + 1) % hosts.length] ?? host];
        const [address, passed] = [`${name}@x.com`, `passed-${name}@x.com`];
        const agent = { id: name, name, tools: { email: { addresses: [{ address }, { address: passed }] } } };
        expect([name, (await client.decide(host, 'POST', '/api/agents', agent)).status]).toEqual([name, 201]);
        for (const other of hosts) {
          expect((await client.lookUp(other, `&address=${address}`)).body.emails[address]?.hostId).toBe(host.id);
          await until(
            async () => (await ownerByCopy(client, other, address)) === host.id,
            `${other.id} has heard of ${address}`,
          );
          const rival = { name: `${name}-of-${other.id}`, tools: withAddress(address) };
          expect((await client.decide(other, 'POST', '/api/agents', rival)).status).toBe(409);
        }
        const given = `/api/agents/${name}/email/addresses/${passed}`;
        // 202: the voters have still to release it.
        expect([200, 202]).toContain((await client.decide(host, 'DELETE', given)).status);
        const heir = { id: `heir-of-${name}`, name: `heir-of-${name}`, tools: withAddress(passed) };
        await until(
          async () => [200, 201].includes((await client.decide(next, 'POST', '/api/agents', heir)).status),
          `${passed} is given on`,
        );
        expect((await client.lookUp(host, `&address=${passed}`)).body.emails[passed]?.hostId).toBe(next.id);
      }
    };
    try {
      await Promise.all([mac, ...earlier].map((host) => host.start()));
      await works([mac, oldCloud, oldMini], 'mixed');
      // The vote of each version is needed by the other.
      await oldMini.kill();
      for (const host of [mac, oldCloud]) await claims(host, `${host.id}-without-mini`);
      await oldMini.start();
      await mac.kill();
      for (const host of [oldCloud, oldMini]) await claims(host, `${host.id}-without-mac`);
      await mac.start();
      expect(mac.log).not.toContain('channel.opened');
      await oldCloud.stop();
      await cloud.start();
      for (const host of [mac, cloud, oldMini]) await claims(host, `${host.id}-one-left`);
      await oldMini.stop();
      await mini.start();
      await works([mac, cloud, mini], 'up-to-date');
      await Promise.all([mac, cloud, mini].map((host) => host.logged('channel.opened')));
      for (const host of [cloud, mini]) {
        expect(host.log).toContain('store.migrated');
        const kept = (await client.lookUp(mac, `&address=${host.id}-mixed@x.com`)).body.emails;
        expect(kept[`${host.id}-mixed@x.com`]?.hostId).toBe(host.id);
      }
    } finally {
      for (const host of earlier) await host.kill();
    }
  },
);
