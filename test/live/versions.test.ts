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
const EARLIER = 'fc0138502dc1715705750a7154b6afdedf24ec33';
const HAS_EARLIER = spawnSync('git', ['cat-file', '-e', EARLIER], { cwd: ROOT }).status === 0;

it.skipIf(!HAS_EARLIER)(
  'an earlier version votes, is followed, and its data is taken over (skipped where git has no history)',
  { timeout: LIVE_MS_MAX },
  async () => {
    await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }]);
    await using client = new Client();
    const earlier = join(mesh.directory, 'earlier');
    mkdirSync(earlier);
    const archive = execFileSync('git', ['archive', EARLIER, 'mesh', 'node', 'package.json'], {
      cwd: ROOT,
      maxBuffer: 64 * 1_024 * 1_024,
    });
    execFileSync('tar', ['x', '-C', earlier], { input: archive });
    symlinkSync(join(ROOT, 'node_modules'), join(earlier, 'node_modules'));
    const [mac, cloud, mini] = [mesh.host('mac'), mesh.host('cloud'), mesh.host('mini')];
    const former = new HostProcess('mini', mini.url, mesh.directory, { main: join(earlier, 'node', 'main.ts') });
    const create = (host: HostProcess, id: string, address: string) =>
      until(async () => {
        const tools = { email: { addresses: [{ address }] } };
        return (await client.expect(host, 'POST', '/api/agents', { id, name: id, tools })).status === 201;
      }, `${id} is created`);
    const ownerByCopy = async (host: HostProcess, address: string) => {
      const path = `/api/agents/email-index?federated=true&mode=index&address=${address}`;
      return (await client.expect(host, 'GET', path)).body.emails[address]?.hostId;
    };
    try {
      await Promise.all([mac.start(), cloud.start(), former.start()]);
      await create(former, 'old', 'old@x.com');
      // The vote of each version is needed by the other.
      await cloud.kill();
      await create(mac, 'new', 'new@x.com');
      await create(former, 'older', 'older@x.com');
      await until(async () => (await ownerByCopy(mac, 'older@x.com')) === 'mini', 'mac has heard of it');
      await until(
        async () => (await ownerByCopy(former, 'new@x.com')) === 'mac',
        'the earlier version has heard of it',
      );
      await former.stop();
      await mini.start();
      await create(mini, 'taken-over', 'over@x.com');
      expect(mini.log).toContain('store.migrated');
      expect(
        (
          await client.decide(mac, 'POST', '/api/agents', {
            name: 'x',
            tools: { email: { addresses: [{ address: 'old@x.com' }] } },
          })
        ).status,
      ).toBe(409);
      await mini.stop();
      await expect(former.start()).rejects.toThrow(/has format 4, and this program knows format 2/);
    } finally {
      await former.kill();
    }
  },
);
