// The checks of `mesh doctor` over what hosts answered, where a real bad day would need a firewall, DNS or a clock of its own.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { parseRoster } from '../../../mesh/hosts-json.ts';
import { checkClocks } from '../../../node/doctor/checks/clocks.ts';
import { checkIdentities } from '../../../node/doctor/checks/identities.ts';
import { checkNames } from '../../../node/doctor/checks/names.ts';
import { checkOwnNode } from '../../../node/doctor/checks/own-node.ts';
import { checkProxy } from '../../../node/doctor/checks/proxy.ts';
import { checkReach } from '../../../node/doctor/checks/reach.ts';
import { checkSettings } from '../../../node/doctor/checks/settings.ts';
import { checkVersions, compareVersions } from '../../../node/doctor/checks/versions.ts';
import { checkVoters } from '../../../node/doctor/checks/voters.ts';
import type { Contact } from '../../../node/doctor/contact.ts';
import type { Examination } from '../../../node/doctor/examination.ts';
import { word } from '../../../node/doctor/fault.ts';
import { readConfig } from '../../../node/settings.ts';
import { rosterOf } from '../../support/roster-of.ts';

const roster = rosterOf('mac', 'cloud', 'mini');
const hostOf = (id: string) => {
  const host = roster.hosts.find((one) => one.id === id);
  if (host === undefined) throw new Error(`There is no host '${id}'.`);
  return host;
};
const well = (id: string, more: Partial<Contact> = {}): Contact => ({
  ...{ host: hostOf(id), health: { status: 200, body: { status: 'ok', version: '1.2.3', host: id } } },
  ...more,
});
/** It says that these vote. */
const voting = (id: string, ...voters: readonly string[]): Contact =>
  well(id, { ready: { status: 200, body: { claims: { kind: 'quorum', voters } } } });
const examined = (contacts: readonly Contact[], more: Partial<Examination> = {}) =>
  ({ roster, contacts, version: '1.2.3', hostsFile: '/etc/mesh/hosts.json', ...more }) as Examination;

describe('the clocks', () => {
  const off = (aheadMs: Readonly<Record<string, number>>) =>
    checkClocks(examined(Object.entries(aheadMs).map(([id, ms]) => well(id, { aheadMs: ms }))));

  it('are right within a few seconds', () => expect(off({ mac: 0, cloud: 4_900, mini: -4_900 })).toEqual([]));

  it('are wrong at the one host whose clock differs', () => {
    expect(off({ cloud: 0, mini: -300_000 })).toMatchObject([
      { host: 'mini', what: "The clock of host 'mini' is 300 s behind this machine's." },
    ]);
  });

  it('are wrong here when all others agree', () => {
    const [finding, ...more] = off({ cloud: 300_000, mini: 301_000 });
    expect([finding?.host, finding?.what, more]).toEqual([
      undefined,
      "This machine's clock is 300 s behind all others'.",
      [],
    ]);
  });
});

describe('a host whose log was set back', () => {
  it('begins on empty data, and keeps the files by which it is started', async () => {
    const hosts = [{ id: 'mini', feed: { state: 'refused', why: 'it was set back.' } }];
    const own = { url: 'http://127.0.0.1:1', call: async () => ({ hosts }) };
    const [finding] = await checkOwnNode(examined([], { own }));
    const directory = mkdtempSync(join(tmpdir(), 'mesh-set-back-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    mkdirSync(join(directory, 'DATA'));
    for (const name of ['mesh.env', 'hosts.json', 'mesh.sqlite']) writeFileSync(join(directory, 'DATA', name), name);
    const typed = `npx() { echo "$@"; }; ${finding?.mend}`;
    expect(execFileSync('bash', ['-c', typed], { cwd: directory, encoding: 'utf8' })).toBe(
      'mesh start --host mini --data DATA\n',
    );
    expect(readdirSync(join(directory, 'DATA')).sort()).toEqual(['hosts.json', 'mesh.env']);
  });
});

describe('a host that does not answer', () => {
  it('is started by the flags that were typed for it, where it is the one of this machine', () => {
    const silent = (id: string) => ({ host: hostOf(id), silence: { code: 'ECONNREFUSED', message: '' } });
    const flags = { data: '/srv/my mesh', mailbox: true, listen: undefined };
    const mends = checkReach(examined([silent('mac'), silent('mini')], { flags })).map(({ mend }) => mend);
    expect(mends).toEqual(["npx mesh start --data '/srv/my mesh' --mailbox --host mac", 'npx mesh start --host mini']);
  });

  it.each([
    ['ECONNREFUSED', /the port is closed/, 'npx mesh start --host mini'],
    ['ENOTFOUND', /does not resolve here/, expect.stringContaining('/etc/hosts')],
    ['timeout', /a firewall drops/, expect.stringContaining('ufw allow')],
    ['EHOSTUNREACH', /a firewall drops/, expect.stringContaining('ufw allow')],
    ['ECONNRESET', /can not be asked/, 'npx mesh start --host mini'],
  ])('for %s is said so', (code, what, mend) => {
    const [finding] = checkReach(examined([{ host: hostOf('mini'), silence: { code, message: '' } }]));
    expect(finding).toMatchObject({ host: 'mini', what: expect.stringMatching(what), mend });
  });

  it('but for another program in its place', () => {
    const [finding] = checkReach(examined([well('mini', { health: { status: 404, body: {} } })]));
    expect(finding?.what).toMatch(/is no node of a mesh: GET \/health has status 404/);
  });
});

describe('a proxy', () => {
  const { config } = readConfig({}, {});
  const seen = (url: string, forwarded?: boolean, isGuarded = false) => {
    const health = {
      status: 200,
      body: { status: 'ok', host: 'mini', ...(forwarded === undefined ? {} : { forwarded }) },
    };
    return checkProxy(examined([well('mini', { host: { ...hostOf('mini'), url }, health, isGuarded })], { config }));
  };

  it('before an https URL that does not say that it passed a request on is found', () => {
    expect(seen('https://mini.example', false)).toMatchObject([
      { host: 'mini', mend: expect.stringContaining('proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;') },
    ]);
  });

  it.each<[string, string, boolean | undefined, boolean?]>([
    ['that says so', 'https://mini.example', true],
    ['before a node that can not tell', 'https://mini.example', undefined],
    ['that need not be there', 'http://mini.example:23000', false],
    ['of connections, before a node that wants a key,', 'https://mini.example', false, true],
  ])('%s is not', (_, url, forwarded, isGuarded) => expect(seen(url, forwarded, isGuarded)).toEqual([]));
});

describe('a host that serves only the look-up', () => {
  const introduction = { kind: 'legacy', address: '10.0.0.7' } as const;
  const contact = well('mini', { introduction, health: { status: 404, body: {} } });

  it('is right where hosts.json says so, and never one of its voters', () => {
    const hosts = roster.hosts.map(({ id, url }) => ({ id, url, ...(id === 'mini' ? { legacy: true } : {}) }));
    const declared = parseRoster(JSON.stringify({ hosts }), { id: roster.self.id, hostName: 'mac' });
    const host = declared.hosts.find(({ id }) => id === 'mini') ?? contact.host;
    const mac = voting('mac', 'mac', 'cloud');
    const seen = examined([mac, { ...contact, host }], { roster: declared });
    expect([checkReach(seen), checkVoters(seen)]).toEqual([[], []]);
  });

  it('is told where hosts.json does not say so', () => {
    expect(checkReach(examined([contact]))).toMatchObject([
      { host: 'mini', mend: `sed -i 's/"id": *"mini"/&, "legacy": true/' /etc/mesh/hosts.json` },
    ]);
  });
});

describe('the voters', () => {
  const all = ['cloud', 'mac', 'mini'];
  const toldOf = (...there: Contact[]) => checkVoters(examined(there)).map(({ host, mend }) => [host, mend]);

  it('of another host that are none of this hosts.json are mended there', () => {
    expect(toldOf(voting('mac', ...all), voting('mini', 'mini'))).toEqual([
      ['mini', 'npx mesh hosts print --url http://mac.example:23000 > hosts.json'],
    ]);
  });

  it('on which all hosts agree but this hosts.json are taken over from one of them', () => {
    const file = '/etc/mesh/hosts.json';
    expect(toldOf(voting('mac', 'mac', 'mini'), voting('mini', 'mac', 'mini'))).toEqual([
      ['mac', `npx mesh hosts print --url http://mini.example:23000 > ${file}.new && mv ${file}.new ${file}`],
    ]);
  });

  it('that wait for a host which is not there are told with who is missing', () => {
    expect(toldOf(voting('mac', 'mac'))).toEqual([['mac', 'npx mesh hosts list']]);
  });
});

describe('the version of a host', () => {
  it.each([
    ['1.2.2', -1],
    ['1.10.0', 1],
    ['2.0.0-beta', 1],
    ['1.2.3', 0],
  ])('%s is compared by its numbers', (one, sign) => expect(Math.sign(compareVersions(one, '1.2.3'))).toBe(sign));

  it('is told with what the two speak, where that differs', () => {
    const message =
      "Host 'mini' at http://mini.example:23000 speaks version 3 of the mesh's messages; this host speaks 2: the older of the two must be brought up to date.";
    const refusal = new MeshError('peer_unintelligible', message);
    const [finding] = checkVersions(examined([well('mini', { refusal })]));
    expect(finding).toMatchObject({
      what: expect.stringContaining('newer'),
      meaning: expect.stringMatching(/do not understand each other \(3 and 2 /),
    });
  });
});

describe('two hosts', () => {
  it('with one change log were made of one data directory', () => {
    const [finding, ...more] = checkIdentities(
      examined([well('mac', { logId: 'one' }), well('cloud', { logId: 'other' }), well('mini', { logId: 'one' })]),
    );
    expect([finding?.host, finding?.what, more]).toEqual([
      'mini',
      "Hosts 'mac' and 'mini' have the same change log.",
      [],
    ]);
  });
});

describe("this host's own name", () => {
  it('that leads to loopback here, while a peer is elsewhere, is found', async () => {
    const { config } = readConfig({}, {});
    const resolve = async (name: string) => [{ address: name.startsWith('mac') ? '127.0.1.1' : '10.77.0.2' }];
    const [finding] = await checkNames(examined([], { config, resolve }));
    expect(finding).toMatchObject({ host: 'mac', what: expect.stringContaining('127.0.1.1') });
    expect(finding?.mend).toContain('/etc/hosts');
    const elsewhere = async () => [{ address: '10.77.0.1' }];
    expect(await checkNames(examined([], { config, resolve: elsewhere }))).toEqual([]);
  });
});

describe('the settings', () => {
  it('that are none are named, and a host that others reach wants a token', () => {
    const { config, secrets } = readConfig({}, { MESH_TOKN: 'x' });
    expect(checkSettings(examined([], { config, secrets })).map(({ mend }) => mend)).toEqual([
      'unset MESH_TOKN',
      'export MESH_TOKEN=$(openssl rand -hex 24)',
    ]);
  });
});

describe('a word of a shell', () => {
  it.each([
    ['/etc/mesh/hosts.json', '/etc/mesh/hosts.json'],
    ["it's here", "'it'\\''s here'"],
    ['$(reboot)', "'$(reboot)'"],
  ])('%s is typed as %s', (text, typed) => expect(word(text)).toBe(typed));
});
