// Somebody who has never seen this follows the README: three hosts in one mesh, a key, an address, a look-up from another host, and one host that
// goes away. Each step is a command as the README prints it. The chapters are one story, each on the ground of those before it: who documents
// more of it adds a chapter.
import { expect, it } from 'vitest';
import { type Ended, ReadmeShell, readmeCommands } from '../support/readme-shell.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const COMMANDS = readmeCommands('Three hosts');
const [init = '', start = '', joinCloud = '', point = '', invite = '', joinMini = '', ...rest] = COMMANDS;
const [createKey = '', createAgent = '', lookUp = '', status = ''] = rest;

const wentWell = ({ code, err }: Ended) => expect([code, err]).toEqual([0, '']);

it('the README, followed, leads where it says', { timeout: 4 * LIVE_MS_MAX }, async () => {
  await using shell = await ReadmeShell.open();
  await threeHostsInOneMesh(shell);
  await aKeyAndAnAddress(shell);
  await aHostGoesAway(shell);
});

/** Nobody edits a file. */
async function threeHostsInOneMesh(shell: ReadmeShell): Promise<void> {
  const begun = await shell.run(init);
  wentWell(begun);
  expect(begun.out).toMatch(/^Start it: +npx mesh start --data .*\n.*: npx mesh join-mesh http/m);
  expect(await shell.start(start)).toContain("host 'mac' is ready");
  expect(await shell.start(joinCloud, begun.out)).toContain("host 'cloud' is ready");
  wentWell(await shell.run(point));
  const invited = await shell.run(invite);
  wentWell(invited);
  expect(await shell.start(joinMini, invited.out)).toContain("host 'mini' is ready");
  const formed = await shell.until(status, ({ code, out }) => code === 0 && /cloud, mac, mini decide/.test(out));
  expect([formed.code, formed.out]).toEqual([0, expect.stringContaining('2 of cloud, mac, mini decide')]);
}

async function aKeyAndAnAddress(shell: ReadmeShell): Promise<void> {
  const key = await shell.run(createKey);
  wentWell(key);
  expect(key.out).toMatch(/amk_[0-9A-Za-z]{43}/);
  wentWell(await shell.run(createAgent));
  const found = await shell.run(lookUp);
  wentWell(found);
  expect(found.out).toMatch(/titania@x\.com.*iac.*mac at/);
}

async function aHostGoesAway(shell: ReadmeShell): Promise<void> {
  await shell.stop('/tmp/mesh/mini');
  const seen = await shell.until(status, ({ out }) => /mini +offline/.test(out));
  expect(seen.code).toBe(1);
  expect(seen.out).toMatch(/^!! +hosts +mini of 3 does not answer\. Start the node there/m);
  expect(seen.out).toMatch(/^ok +quorum +Epoch \d+: 2 of cloud, mac, mini decide/m);
  expect((await shell.run('npx mesh hosts check')).out).toMatch(/^!! +mini +not reached/m);
  wentWell(await shell.run('npx mesh hosts remove mini'));
  const without = await shell.until(status, ({ code, out }) => code === 0 && / of cloud, mac decide/.test(out));
  expect([without.code, without.out]).toEqual([0, expect.not.stringContaining('mini')]);
  const cloud = (await shell.run('npx mesh hosts list --url http://127.0.0.1:23002')).out;
  expect(cloud).not.toContain('mini');
}
