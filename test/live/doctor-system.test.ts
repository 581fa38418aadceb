// Bad days of a machine's /etc and its network, tried for real in namespaces of their own: what `mesh doctor` prints is typed as it stands.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { at, badDay, checks, found, well } from '../support/bad-day.ts';
import { OWN_ADDRESSES, openOwnSystem, whyNoOwnSystem } from '../support/own-system.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const WHY_NOT = whyNoOwnSystem();
const NGINX = 'nginx';
const HAS_NGINX = spawnSync(NGINX, ['-v']).error === undefined;
const PORT = 23_000;
const TOKEN = 'a-token-of-this-test';

/** Two machines within a system of their own, which can be reached at its addresses. */
async function reachableDay(environment: Readonly<Record<string, string>>) {
  const day = await badDay('mac', 'mini');
  const system = await openOwnSystem(day.directory);
  onTestFinished(() => system[Symbol.dispose]());
  for (const machine of day.machines) {
    machine.inside = system.inside;
    machine.environment = { ...machine.environment, ...environment };
  }
  /** Types something within. */
  const type = (...words: string[]) => {
    const [command = '', ...rest] = [...system.inside, ...words];
    return spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  };
  return { day, type };
}

const ended = async (child: ChildProcess) => expect((await once(child, 'exit'))[0]).toBe(0);

describe.skipIf(WHY_NOT !== undefined)(WHY_NOT ?? 'mesh doctor', { timeout: 4 * LIVE_MS_MAX }, () => {
  it('finds that the own name leads to loopback, and puts it right in /etc/hosts', async () => {
    const { day, type } = await reachableDay({ MESH_TOKEN: TOKEN });
    const [mac, mini] = [at(day, 0), at(day, 1)];
    const hosts = `127.0.0.1 localhost\n127.0.1.1 mac.mesh mac\n${OWN_ADDRESSES[1]} mini.mesh\n`;
    await ended(type('sh', '-c', `printf '${hosts.replaceAll('\n', '\\n')}' > /etc/hosts`));
    day.list({ mac: { url: `http://mac.mesh:${PORT}` }, mini: { url: `http://mini.mesh:${PORT}` } });
    await mac.start();
    await mini.start();
    const finding = found(await mac.doctor(), 'names');
    expect(finding.what).toContain("'mac.mesh', leads to 127.0.1.1 on this machine");
    await mac.follow(finding);
    await mac.stop();
    await mac.start();
    await well(mac);
    expect(checks(await mini.doctor())).toEqual([]);
  });

  it.skipIf(!HAS_NGINX)(
    HAS_NGINX
      ? 'finds a proxy that opens the node to whoever asks, for it does not say that it passed a request on'
      : 'skipped: nginx is not installed',
    async () => {
      const { day, type } = await reachableDay({});
      const [mac] = [at(day, 0)];
      // To the node it is a program of its own machine; to others, nginx listens at every address.
      const url = 'http://127.0.0.1:8080';
      const server = `server { listen 8080; location / { proxy_pass http://127.0.0.1:${PORT}; proxy_set_header Host $http_host; } }`;
      const conf = `user root; pid ${day.directory}/nginx.pid; error_log stderr; events {} http { access_log off; ${server} }`;
      await ended(type('sh', '-c', `printf '%s' "$0" > /etc/nginx/nginx.conf`, conf));
      const nginx = type(NGINX, '-g', 'daemon off;');
      onTestFinished(() => void nginx.kill());
      day.list({ mac: { url } });
      mac.environment = { ...mac.environment, MESH_LISTEN: `127.0.0.1:${PORT}` };
      await mac.start();
      const finding = found(await mac.doctor(), 'proxy');
      expect(finding.what).toContain(`What comes through ${url} does not say that a proxy passed it on`);
      await mac.follow(finding);
      await expect
        .poll(async () => (await mac.doctor()).findings.filter(({ check }) => check === 'proxy'), {
          timeout: LIVE_MS_MAX,
        })
        .toEqual([]);
    },
  );
});
