// Bad days whose mend changes the machine: its clock, its files, its version of the program. Each is typed as `mesh doctor` prints it.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { at, type BadDay, badDay, checks, found, type Machine, started, well } from '../support/bad-day.ts';
import { FAKETIME } from '../support/faketime.ts';
import { LegacyHost } from '../support/legacy-host.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Whom a file's mode stops, as it does not stop root. */
const WITHOUT_PRIVILEGE = process.geteuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
const MAY_DROP = WITHOUT_PRIVILEGE.length === 0 || spawnSync('env', [...WITHOUT_PRIVILEGE, 'true']).status === 0;
const VERSION = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version as string;
const OLDER = '0.0.9';

/** Gives the machine a clock that is five minutes ahead until it is told to keep it by NTP. Programs on it see that clock, and nobody else. */
function giveClock(machine: Machine): void {
  const [tools, clock] = [join(machine.directory, 'tools'), join(machine.directory, 'clock')];
  mkdirSync(tools);
  writeFileSync(clock, '+5m\n');
  const timedatectl = `#!/bin/sh\n[ "$*" = "set-ntp true" ] && echo +0 > ${clock}\n`;
  writeFileSync(join(tools, 'timedatectl'), timedatectl, { mode: 0o755 });
  const faked = { LD_PRELOAD: FAKETIME ?? '', FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1' };
  machine.environment = {
    ...{ ...machine.environment, ...faked, FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    PATH: `${tools}:${machine.environment.PATH}`,
  };
}

/** A clone at an older version, of a repository that has this one. `edit`: what is different in the older one. */
function olderClone({ directory }: BadDay, edit: (upstream: string) => void = () => undefined): string {
  const [upstream, clone] = [join(directory, 'upstream'), join(directory, 'clone')];
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', upstream, '-c', 'user.name=a', '-c', 'user.email=a@x.com', ...words]);
  const put = (version: string) => {
    for (const folder of ['node', 'mesh']) cpSync(join(ROOT, folder), join(upstream, folder), { recursive: true });
    // The libraries are those of this clone: npm finds nothing to do.
    writeFileSync(
      join(upstream, 'package.json'),
      JSON.stringify({ name: 'x', version, private: true, type: 'module' }),
    );
  };
  mkdirSync(upstream);
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  git('init', '-q', '-b', 'main');
  put(OLDER);
  edit(upstream);
  git('add', '-A');
  git('commit', '-q', '-m', 'older');
  execFileSync('git', ['clone', '-q', upstream, clone]);
  put(VERSION);
  git('add', '-A');
  git('commit', '-q', '-m', 'newer');
  return clone;
}

describe('a mend of mesh doctor', { timeout: 4 * LIVE_MS_MAX }, () => {
  it('sets a clock right that is off by five minutes, under the node that runs', async ({ skip }) => {
    if (FAKETIME === undefined) skip('libfaketime is not here: apt-get install faketime');
    const day = await badDay('mac', 'mini');
    giveClock(at(day, 1));
    await started(day);
    const finding = found(await at(day, 0).doctor(), 'clocks');
    expect(finding).toMatchObject({
      host: 'mini',
      what: expect.stringMatching(/^The clock of host 'mini' is (?:299|30[01]) s ahead of this machine's\.$/),
    });
    await at(day, 1).follow(finding);
    // Node writes one date into the answers of a whole second, so the old clock may be told once more.
    await expect.poll(async () => checks(await at(day, 0).doctor()), { timeout: LIVE_MS_MAX }).toEqual([]);
  });

  it('takes over the voters that the others have agreed on', async () => {
    const day = await started(await badDay('mac', 'mini'));
    await well(at(day, 0));
    day.list({ mini: { voter: false } });
    await expect.poll(async () => checks(await at(day, 0).doctor()), { timeout: LIVE_MS_MAX }).toEqual([]);
    const file = readFileSync(at(day, 1).hostsFile, 'utf8');
    writeFileSync(at(day, 1).hostsFile, file.replace('"voter": false', '"voter": true'));
    const diagnosis = await at(day, 1).doctor();
    expect(checks(diagnosis)).toEqual(['voters mini']);
    await at(day, 1).follow(found(diagnosis, 'voters'));
    await well(at(day, 1));
  });

  it('writes a hosts.json that can not be read, or is not there', async ({ skip }) => {
    if (!MAY_DROP) skip('This user may not drop the privilege to read every file.');
    const day = await started(await badDay('mac', 'mini'));
    const mac = at(day, 0);
    mac.inside = WITHOUT_PRIVILEGE;
    await well(mac);
    for (const spoil of [() => chmodSync(mac.hostsFile, 0), () => rmSync(mac.hostsFile)]) {
      spoil();
      const diagnosis = await mac.doctor();
      expect(checks(diagnosis)).toEqual(['hosts-file']);
      await mac.follow(found(diagnosis, 'hosts-file'));
      await well(mac);
    }
  });

  it('takes back a database that another user has, and that it may not look into', async ({ skip }) => {
    if (process.geteuid?.() !== 0 || !MAY_DROP) skip('Only root may give a file away.');
    const mac = at(await badDay('mac'), 0);
    await mac.start();
    await mac.stop();
    chownSync(join(mac.data, 'mesh.sqlite'), 4_242, 4_242);
    mac.inside = WITHOUT_PRIVILEGE;
    const diagnosis = await mac.doctor();
    expect(checks(diagnosis)).toEqual(['data-directory', 'reach mac']);
    await mac.follow(found(diagnosis, 'data-directory'));
    await mac.start();
    await well(mac);
  });

  it('brings the older of two hosts up to date, whichever of them is asked', async () => {
    const day = await badDay('mac', 'mini');
    const clone = olderClone(day);
    at(day, 1).program = join(clone, 'node', 'main.ts');
    await started(day);
    const byNewer = found(await at(day, 0).doctor(), 'versions');
    const byOlder = found(await at(day, 1).doctor(), 'versions');
    expect([byNewer.what, byNewer.where, byOlder.what, byOlder.where]).toEqual([
      `Host 'mini' runs version ${OLDER}, older than this one, ${VERSION}.`,
      expect.stringContaining("on the machine of 'mini', in the clone"),
      `Host 'mac' runs version ${VERSION}, newer than this one, ${OLDER}.`,
      expect.stringContaining('here, in the clone'),
    ]);
    expect(byOlder.mend).toBe(byNewer.mend);
    await at(day, 1).follow(byOlder, clone);
    await at(day, 1).stop();
    await at(day, 1).start();
    await well(at(day, 0));
  });

  it('brings the program up to date that is older than the database', async () => {
    const day = await badDay('mac');
    const mac = at(day, 0);
    await mac.start();
    await mac.stop();
    const clone = olderClone(day, (upstream) => {
      const schema = join(upstream, 'node/store/schema.ts');
      const text = readFileSync(schema, 'utf8');
      const older = text.replace(/FORMAT_VERSION = \d+/, 'FORMAT_VERSION = 2').replace('[1, 2, 3, ', '[1, ');
      expect(older).not.toBe(text);
      writeFileSync(schema, older);
    });
    mac.program = join(clone, 'node', 'main.ts');
    await expect(mac.start()).rejects.toThrow(/Start the version of the program that wrote it, or a newer one/);
    const finding = found(await mac.doctor(), 'data-directory');
    expect(finding.what).toMatch(
      /written by a newer version of this program: its form is 4, and this version reads up to 2/,
    );
    await mac.follow(finding, clone);
    await mac.start();
    await well(mac);
  });

  it('lists a host of the original as one that serves the look-up alone', async () => {
    await using original = await LegacyHost.open('original');
    const day = await badDay('mac');
    const mac = at(day, 0);
    const hosts = [
      { id: 'mac', url: mac.url },
      { id: 'original', url: original.url },
    ];
    writeFileSync(mac.hostsFile, JSON.stringify({ hosts }, null, 2));
    await mac.start();
    const finding = found(await mac.doctor(), 'reach');
    expect(finding).toMatchObject({ host: 'original', what: expect.stringContaining('serves only the look-up') });
    await mac.follow(finding);
    await expect.poll(async () => checks(await mac.doctor()), { timeout: LIVE_MS_MAX }).toEqual([]);
  });
});
