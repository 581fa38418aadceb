// Somebody who has never seen this follows the README: three hosts in one mesh, a key, an address, a webhook, a backup, a look-up from another host, one host
// that goes away, a dead letter, the files of the original. Each step is a command as the README prints it, or the paper that it
// points to. The chapters are one story, each on the ground of those before it: who documents more of it adds a chapter.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { CHROMIUM, openBrowser } from '../support/browser.ts';
import { FAKETIME, laterBy } from '../support/faketime.ts';
import { ReadmeGateway } from '../support/readme-gateway.ts';
import { type Ended, ReadmeShell, readmeCommands, type Variables } from '../support/readme-shell.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const COMMANDS = readmeCommands('Three hosts');
const [init = '', start = '', joinCloud = '', point = '', invite = '', joinMini = '', ...rest] = COMMANDS;
const [createKey = '', createAgent = '', lookUp = '', subscribe = '', status = ''] = rest;
const [backUp = '', moveAway = '', restore = '', bringFiles = '', startRestored = ''] = readmeCommands(
  'Backup and restore',
  'node/backup/README.md',
);
const [rehearse = '', moveIn = ''] = readmeCommands('Moving in from AI Maestro', 'node/README.md');
const startCloud = start.replace('/mac', '/cloud');
const MAC_URL = 'http://127.0.0.1:23001';
/** Longer than an event is tried: node/webhooks/README.md, "Schedule". */
const LATER = '4d';

interface Told {
  readonly key: string;
  readonly id: string;
  readonly secret: string;
}

const wentWell = ({ code, err }: Ended) => expect([code, err]).toEqual([0, '']);

it('the README, followed, leads where it says', { timeout: 8 * LIVE_MS_MAX }, async () => {
  await using shell = await ReadmeShell.open();
  await threeHostsInOneMesh(shell);
  await anAddress(shell);
  const told = await aWebhook(shell);
  await aBackup(shell);
  await aHostGoesAway(shell);
  if (FAKETIME === undefined) process.stderr.write('No dead letter was made: libfaketime is not here (faketime).\n');
  else await aDeadLetter(shell, told, FAKETIME);
  await theFilesOfTheOriginal(shell);
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

async function anAddress(shell: ReadmeShell): Promise<void> {
  wentWell(await shell.run(createAgent));
  const found = await shell.run(lookUp);
  wentWell(found);
  expect(found.out).toMatch(/titania@x\.com.*iac.*mac at/);
}

/** The gateway subscribes with a key of its own, and believes what it is told. */
async function aWebhook(shell: ReadmeShell): Promise<Told> {
  const made = await shell.run(createKey);
  wentWell(made);
  const key = /amk_[0-9A-Za-z]{43}/.exec(made.out)?.[0] ?? '';
  const subscribed = await shell.run(subscribe, { MESH_TOKEN: key });
  wentWell(subscribed);
  const id = /^(\S+)/.exec(subscribed.out)?.[1] ?? '';
  const secret = /whsec_\S+/.exec(subscribed.out)?.[0] ?? '';
  await using gateway = await startGateway(shell, secret);
  wentWell(await shell.run('npx mesh claim iac queen@x.com'));
  expect(await gateway.said()).toBe("iac [ 'titania@x.com', 'queen@x.com' ]");
  return { key, id, secret };
}

function startGateway(shell: ReadmeShell, secret: string, clock: Variables = {}): Promise<ReadmeGateway> {
  const port = Number(shell.placed(':8080').slice(1));
  return ReadmeGateway.start(join(shell.folder, 'gateway'), { port, secret, clock });
}

async function aHostGoesAway(shell: ReadmeShell): Promise<void> {
  await shell.stop('/tmp/mesh/mini');
  const seen = await shell.until(status, ({ out }) => /mini +offline/.test(out));
  expect(seen.code).toBe(1);
  expect(seen.out).toMatch(/^!! +hosts +mini of 3 does not answer\. Start the node there/m);
  expect(seen.out).toMatch(/^ok +quorum +Epoch \d+: 2 of cloud, mac, mini decide/m);
  expect((await shell.run('npx mesh hosts check')).out).toMatch(/^!! +mini +not reached/m);
  expect(await (await fetch(shell.placed(`${MAC_URL}/`))).text()).toMatch(/<strong>mini<\/strong>: .*not reached/s);
  wentWell(await shell.run('npx mesh hosts remove mini'));
  const without = await shell.until(status, ({ code, out }) => code === 0 && / of cloud, mac decide/.test(out));
  expect([without.code, without.out]).toEqual([0, expect.not.stringContaining('mini')]);
  const cloud = (await shell.run('npx mesh hosts list --url http://127.0.0.1:23002')).out;
  expect(cloud).not.toContain('mini');
}

/** The gateway is away for days, and what it was to be told meanwhile is sent again by a button of the page. */
async function aDeadLetter(shell: ReadmeShell, { key, id, secret }: Told, faketime: string): Promise<void> {
  wentWell(await shell.run('npx mesh release queen@x.com'));
  await shell.until('npx mesh webhooks list', ({ out }) => out.includes('failing since'));
  await shell.stop('/tmp/mesh/mac');
  await shell.stop('/tmp/mesh/cloud');
  const clock = laterBy(LATER, faketime);
  for (const [name, value] of Object.entries(clock)) shell.set(name, value);
  await shell.start(start);
  await shell.start(startCloud);
  const dead = await shell.until(status, ({ out }) => /^!! +dead letters +1:/m.test(out));
  expect(dead.out).toMatch(/^!! +dead letters +1: npx mesh webhooks list .*; npx mesh deliveries replay ID/m);
  await using gateway = await startGateway(shell, secret, clock);
  await replay(shell, id, key);
  expect(await gateway.said()).toBe("iac [ 'titania@x.com' ]");
  const sent = await shell.until(status, ({ code }) => code === 0);
  expect([sent.code, sent.out]).toEqual([0, expect.stringMatching(/^ok +dead letters +none/m)]);
}

/** On the page, with the gateway's key; without a browser, as the status advises. */
async function replay(shell: ReadmeShell, id: string, key: string): Promise<void> {
  if (CHROMIUM === undefined) return wentWell(await shell.run(`npx mesh deliveries replay ${id}`));
  await using stack = new AsyncDisposableStack();
  const browser = stack.adopt(await openBrowser(), (one) => one.close());
  const page = await browser.newPage();
  await page.goto(shell.placed(`${MAC_URL}/page/subscriptions`));
  await page.getByLabel('Key').fill(key);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('link', { name: shell.placed('http://127.0.0.1:8080/hooks') }).click();
  await page.getByRole('button', { name: 'Replay 1 dead letter' }).click();
  await expect.poll(() => page.getByRole('status').textContent()).toBe('1 event is sent again.');
}

/** While three vote: of two, neither could take the other in again. */
async function aBackup(shell: ReadmeShell): Promise<void> {
  wentWell(await shell.run(backUp));
  await shell.stop('/tmp/mesh/mac');
  wentWell(await shell.run(moveAway));
  wentWell(await shell.run(restore));
  wentWell(await shell.run(bringFiles));
  await shell.start(startRestored);
  const voting = await shell.until(status, ({ code, out }) => code === 0 && / of cloud, mac, mini decide/.test(out));
  expect([voting.code, voting.out]).toEqual([0, expect.stringContaining('of cloud, mac, mini decide')]);
  expect((await shell.run(lookUp)).out).toMatch(/titania@x\.com.*iac.*mac at/);
}

/** Of an agent with one good address and one that is none. */
async function theFilesOfTheOriginal(shell: ReadmeShell): Promise<void> {
  const addresses = [{ address: 'puck@x.com', primary: true }, { address: 'not an address' }];
  const files = {
    'agents/registry.json': [
      { id: 'p-1', name: 'puck', hostId: 'local', tools: { email: { enabled: true, addresses } } },
    ],
    'hosts.json': { hosts: [{ id: 'mac-mini', name: 'mac', url: 'http://localhost:23000', type: 'local' }] },
    'webhooks.json': [],
  };
  for (const [name, content] of Object.entries(files)) {
    const file = join(shell.folder, '.aimaestro', name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(content));
  }
  const rehearsed = await shell.run(rehearse);
  expect([rehearsed.code, rehearsed.out]).toEqual([1, expect.stringContaining('not an address')]);
  expect((await shell.run('npx mesh lookup puck@x.com')).code).toBe(1);
  const moved = await shell.run(moveIn);
  expect([moved.code, moved.out]).toEqual([1, expect.stringContaining('not an address')]);
  expect((await shell.run('npx mesh lookup puck@x.com')).out).toMatch(/puck@x\.com.*puck.*mac at/);
}
