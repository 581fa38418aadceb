// One node as a real process: how it starts, what it refuses, and how it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProcessMesh } from '../../scripts/host-process.ts';
import { Client, until } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

describe('a node', () => {
  it(
    'ends on SIGTERM with exit code 0, and has everything when it comes back',
    async () => {
      await using mesh = await ProcessMesh.create([{ id: 'mac' }]);
      await using client = new Client();
      await mesh.start();
      const mac = mesh.host('mac');
      await client.expect(mac, 'POST', '/api/agents', {
        name: 'titania',
        tools: { email: { addresses: [{ address: 'titania@x.com' }] } },
      });
      expect(await mac.stop()).toBe(0);
      await mac.start();
      expect(Object.keys((await client.expect(mac, 'GET', '/api/agents/email-index')).body)).toEqual(['titania@x.com']);
    },
    LIVE_MS_MAX,
  );

  it(
    'started by npm ends with npm, and leaves nobody behind on its port',
    async () => {
      await using mesh = await ProcessMesh.create([{ id: 'mac' }]);
      await using client = new Client();
      const mac = mesh.host('mac');
      const flags = ['--hosts', join(mesh.directory, 'hosts.json'), '--data', mac.dataDirectory, '--host', 'mac'];
      const npm = spawn('npm', ['start', '--', ...flags], { cwd: join(import.meta.dirname, '../..'), stdio: 'ignore' });
      await until(async () => (await client.ask(mac, 'GET', '/health'))?.status === 200);
      npm.kill('SIGTERM');
      await once(npm, 'exit');
      await until(async () => (await client.ask(mac, 'GET', '/health')) === undefined);
    },
    LIVE_MS_MAX,
  );

  it(
    'keeps its files to itself',
    async () => {
      await using mesh = await ProcessMesh.create([{ id: 'mac' }]);
      await mesh.start();
      const { dataDirectory } = mesh.host('mac');
      expect((await stat(dataDirectory)).mode & 0o777).toBe(0o700);
      for (const name of await readdir(dataDirectory))
        expect([name, (await stat(join(dataDirectory, name))).mode & 0o777]).toEqual([
          name,
          name === 'blobs' ? 0o700 : 0o600,
        ]);
    },
    LIVE_MS_MAX,
  );

  it.each([
    ['a hosts.json that is not there', ['--hosts', './nowhere.json'], /nowhere\.json .* can't be read/],
    ['a host that hosts.json does not list', ['--host', 'desk'], /hosts\.json has no host 'desk'/],
    ['a setting that is none', ['--listen', 'here'], /--listen must be IP:PORT/],
    ['an address beyond loopback without a token', ['--listen', '0.0.0.0:0'], /Set MESH_TOKEN/],
    ['a flag that is none', ['--port', '1'], /unknown option '--port'/],
  ])(
    'refuses %s with a sentence and a non-zero exit',
    async (_, flags, sentence) => {
      await using mesh = await ProcessMesh.create([{ id: 'mac' }], { flags });
      await expect(mesh.start()).rejects.toThrow(sentence);
    },
    LIVE_MS_MAX,
  );

  it(
    'refuses a data directory that another node uses',
    async () => {
      await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }]);
      await mesh.host('mac').start();
      const { dataDirectory } = mesh.host('mac');
      const second = await ProcessMesh.create([{ id: 'mac' }], { flags: ['--data', dataDirectory] });
      await using _second = second;
      await expect(second.start()).rejects.toThrow(/another node|in use|holds/i);
    },
    LIVE_MS_MAX,
  );

  it(
    'refuses a data directory whose database was lost, instead of beginning anew',
    async () => {
      await using mesh = await ProcessMesh.create([{ id: 'mac' }]);
      await using client = new Client();
      const mac = mesh.host('mac');
      await mesh.start();
      await client.expect(mac, 'POST', '/api/agents', {
        name: 'titania',
        tools: { email: { addresses: [{ address: 'titania@x.com' }] } },
      });
      await mac.stop();
      const database = (await readdir(mac.dataDirectory)).find(
        (name) => name.endsWith('.sqlite') || name.endsWith('.db'),
      );
      await writeFile(join(mac.dataDirectory, String(database)), '');
      await expect(mac.start()).rejects.toThrow(new RegExp(String(database)));
    },
    LIVE_MS_MAX,
  );

  it(
    'needs a token for changes once it listens beyond loopback',
    async () => {
      const token = 'a-token-for-this-test';
      await using mesh = await ProcessMesh.create([{ id: 'mac' }], { environment: { MESH_TOKEN: token } });
      await using client = new Client();
      await mesh.start();
      const mac = mesh.host('mac');
      const without = await client.expect(mac, 'POST', '/api/agents', { name: 'titania' });
      const hooks = await client.expect(mac, 'GET', '/api/webhooks');
      const sly = await client.expect(mac, 'POST', '/api/mesh/v1/../../agents', { name: 'titania' });
      const allowed = await client.expect(
        mac,
        'POST',
        '/api/agents',
        { name: 'titania' },
        { authorization: `Bearer ${token}` },
      );
      const open = await client.expect(mac, 'GET', '/api/agents/email-index');
      expect([without.status, hooks.status, sly.status, allowed.status, open.status]).toEqual([
        401, 401, 401, 201, 200,
      ]);
    },
    LIVE_MS_MAX,
  );
});
