// A backup of a store and its attachments, and what a restore makes of it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packTar, unpackTar } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import { Backups } from '../../../node/backup/backups.ts';
import { restoreBackup } from '../../../node/backup/restore.ts';
import { type CopiedStore, openStore } from '../../../node/store/disk-store.ts';
import type { Store } from '../../../node/store/store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { makeDataDirectory } from '../../support/store-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const NOW = '2026-02-01T00:00:00.000Z';
const KEY_PEM = '-----BEGIN PRIVATE KEY-----\nof mac\n-----END PRIVATE KEY-----\n';
const ATTACHMENT = 'octets of an attachment';
const BLOB = createHash('sha256').update(ATTACHMENT).digest('hex');
const AGENT = {
  id: 'a1',
  addresses: [
    { key: 'a@x.com', claimId: 'c1' },
    { key: 'b@x.com', claimId: 'c2' },
  ],
};
const RECORDS: Readonly<Record<string, unknown>> = {
  'agent/a1': AGENT,
  'change-end': { seq: 1, logId: 'ab', n: 1, chain: 'c', digest: 'd', oldestSeq: 1, oldestN: 1 },
  'change-own/ab/0000000000000001': 1,
  'change/0000000000000001': { seq: 1 },
  'claim/ballot-ceiling': 7,
  'claim/config': { mesh: 'm1', epoch: 3 },
  'claim/incarnation': 'd1',
  'claim/register/a@x.com': { promised: [1, 'mac'] },
  'host-key': { publicKey: 'k' },
  'invitation/1': { id: '1', key: 'an-open-invitation' },
  'key/1': { id: '1', digest: 'a-digest' },
  'send/message/1': { id: '1', state: 'queued', account: 'main' },
  'send/message/2': { id: '2', state: 'sent' },
  'webhook/subscription/w1': { id: 'w1', url: 'http://g/', secret: 'whsec_x', headers: { a: 'b' }, isEnabled: true },
};

let place: ReturnType<typeof makeDataDirectory>;
let store: Store & CopiedStore;
let backups: Backups;
let file: string;
let target: string;
const log = new RecordingLog();

beforeEach(async () => {
  place = makeDataDirectory();
  const { directory } = place;
  store = await openStore({ directory, log });
  await store.commit(Object.entries(RECORDS).map(([key, value]) => ({ key, value })));
  mkdirSync(join(directory, 'blobs'));
  writeFileSync(join(directory, 'blobs', BLOB), ATTACHMENT);
  writeFileSync(join(directory, 'blobs', '1-1.part'), 'unfinished');
  writeFileSync(join(directory, 'host-key.pem'), KEY_PEM, { mode: 0o600 });
  const clock = new VirtualClock();
  backups = new Backups({ store, directory, self: () => 'mac' as HostId, version: '0.3.0', clock, log });
  file = join(directory, '..', 'a-backup');
  target = join(directory, '..', 'restored');
});

afterEach(async () => {
  await store.close();
  place.remove();
});

async function backUp(withKeys = false): Promise<void> {
  using made = await backups.make({ withKeys });
  const pieces: Uint8Array[] = [];
  for await (const piece of made.pieces(new AbortController().signal)) pieces.push(piece);
  writeFileSync(file, Buffer.concat(pieces), { mode: 0o600 });
}

const restore = (into = target, stop = new AbortController().signal) =>
  restoreBackup({ file, directory: into, now: NOW, random: seededRandom(1), log, stop });

/** Changes the entries of the backup. */
async function edit(change: (entries: { name: string; data: Uint8Array }[]) => { name: string; data: Uint8Array }[]) {
  const entries = (await unpackTar(readFileSync(file))).map(({ header, data }) => ({
    name: header.name,
    data: data ?? new Uint8Array(),
  }));
  const packed = await packTar(
    change(entries).map(({ name, data }) => ({ header: { name, size: data.byteLength }, body: data })),
  );
  writeFileSync(file, packed, { mode: 0o600 });
}

async function recordsIn(directory: string): Promise<Record<string, unknown>> {
  const opened = await openStore({ directory, log });
  const found: Record<string, unknown> = {};
  for await (const page of opened.load('')) for (const { key, value } of page) found[key] = value;
  await opened.close();
  return found;
}

describe('a restored backup', () => {
  it('has the agents, and every vote and place of the log left behind', async () => {
    await backUp();
    const restored = await restore();
    expect(restored).toMatchObject({ agents: 1, addresses: 2, mails: 1, blobs: 1, withoutSecret: ['http://g/'] });
    expect(await recordsIn(target)).toEqual({
      'agent/a1': AGENT,
      // The log goes on at its position, under an id that nobody knows.
      'change-end': {
        ...{ seq: 1, n: 0, digest: 'd', oldestSeq: 1 },
        ...{ logId: expect.stringMatching(/^[0-9a-f]{32}$/), chain: expect.stringMatching(/./) },
      },
      'change/0000000000000001': { seq: 1 },
      'restored/a@x.com': { claimId: 'c1', history: 'm1' },
      'restored/b@x.com': { claimId: 'c2', history: 'm1' },
      'send/attempt/1': { account: 'main' },
      'send/message/1': RECORDS['send/message/1'],
      'send/message/2': RECORDS['send/message/2'],
      'webhook/subscription/w1': {
        ...{ id: 'w1', url: 'http://g/', secret: expect.stringMatching(/^whsec_.{44}$/) },
        ...{ isEnabled: false, disabledReason: 'operator', disabledAt: NOW },
      },
    });
    expect(readFileSync(join(target, 'blobs', BLOB), 'utf8')).toBe(ATTACHMENT);
    expect([readdirSync(join(target, 'blobs')), existsSync(join(target, 'host-key.pem'))]).toEqual([[BLOB], false]);
    expect([statSync(target).mode & 0o777, existsSync(join(target, 'records.sqlite'))]).toEqual([0o700, false]);
  });

  it('with keys has the secrets too', async () => {
    await backUp(true);
    expect((await restore()).withoutSecret).toEqual([]);
    const records = await recordsIn(target);
    expect(records['webhook/subscription/w1']).toEqual(RECORDS['webhook/subscription/w1']);
    expect([records['key/1'], records['host-key']]).toEqual([RECORDS['key/1'], RECORDS['host-key']]);
    expect(readFileSync(join(target, 'host-key.pem'), 'utf8')).toBe(KEY_PEM);
    expect(statSync(join(target, 'host-key.pem')).mode & 0o777).toBe(0o600);
  });

  it('without keys has no octet of a secret', async () => {
    await backUp();
    const octets = readFileSync(file, 'latin1');
    for (const secret of ['whsec_x', 'a-digest', 'an-open-invitation', 'PRIVATE KEY'])
      expect([secret, octets.includes(secret)]).toEqual([secret, false]);
  });
});

describe('a backup', () => {
  it('is made one at a time, and leaves nothing behind', async () => {
    const first = await backups.make({ withKeys: false });
    await expect(backups.make({ withKeys: false })).rejects.toMatchObject({ code: 'overloaded' });
    first[Symbol.dispose]();
    await backUp();
    expect(readdirSync(place.directory)).not.toContain('mesh.backup');
  });

  it('is refused where its copy would take the room that the node needs', async () => {
    const { directory } = place;
    const about = { store, directory, self: () => 'mac' as HostId, version: '0.3.0', clock: new VirtualClock(), log };
    const cramped = new Backups({ ...about, freeBytes: () => 32 * 1_024 ** 2 });
    await expect(cramped.make({ withKeys: false })).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringMatching(/^The disk of the data directory has 32 MiB left\. .* should have 33: /),
    });
    expect(readdirSync(directory)).not.toContain('mesh.backup');
  });

  it('ends when its reader does', async () => {
    const stop = new AbortController();
    using made = await backups.make({ withKeys: false });
    stop.abort(new Error('the node stops'));
    await expect(made.pieces(stop.signal).next()).rejects.toThrow('the node stops');
  });
});

describe('a restore', () => {
  it.each<[string, () => Promise<void> | void, RegExp]>([
    ['what is not there', () => {}, /There is no backup/],
    [
      'what is no archive',
      () => writeFileSync(file, 'x'.repeat(2_000), { mode: 0o600 }),
      /is no backup, or is damaged/,
    ],
    ['an empty file', () => writeFileSync(file, '', { mode: 0o600 }), /was cut off|is no backup/],
    [
      'one that was cut off',
      async () => {
        await backUp();
        truncateSync(file, statSync(file).size - 3_000);
      },
      /is no backup, or is damaged|was cut off/,
    ],
    [
      'one that lacks its end',
      async () => {
        await backUp();
        await edit((all) => all.slice(0, -1));
      },
      /was cut off/,
    ],
    [
      'one that lacks its records',
      async () => {
        await backUp();
        await edit((all) => all.filter(({ name }) => name !== 'records.sqlite'));
      },
      /has no records/,
    ],
    [
      'one of a newer format',
      async () => {
        await backUp();
        await edit(([about, ...rest]) => [
          {
            name: about?.name ?? '',
            data: Buffer.from(
              JSON.stringify({ format: 3, host: 'mac', version: '9.0.0', madeAt: NOW, withKeys: false }),
            ),
          },
          ...rest,
        ]);
      },
      /has format 3, .* version 9\.0\.0/,
    ],
    [
      'one with an attachment that is another',
      async () => {
        await backUp();
        await edit((all) =>
          all.map((one) => (one.name.startsWith('blobs/') ? { ...one, data: Buffer.from('exchanged') } : one)),
        );
      },
      /does not fit its name/,
    ],
    [
      'one with a path of its own',
      async () => {
        await backUp();
        await edit((all) => [...all, { name: '../../elsewhere', data: Buffer.from('x') }]);
      },
      /has an entry '\.\.\/\.\.\/elsewhere'/,
    ],
    [
      'one whose records were altered',
      async () => {
        await backUp();
        await edit((all) =>
          all.map((one) =>
            one.name === 'records.sqlite'
              ? {
                  ...one,
                  data: Buffer.from(
                    Buffer.from(one.data)
                      .toString('latin1')
                      .replace('whsec', 'WHSEC')
                      .replace('http://g/', 'http://h/'),
                    'latin1',
                  ),
                }
              : one,
          ),
        );
      },
      /does not fit its checksum/,
    ],
  ])('refuses %s, and leaves no directory', async (_, prepare, sentence) => {
    await prepare();
    await expect(restore()).rejects.toMatchObject({ code: 'store_failed', message: expect.stringMatching(sentence) });
    expect([existsSync(target), existsSync(`${target}.restoring`)]).toEqual([false, false]);
  });

  it('refuses a directory that is in use, and what an interrupted one left', async () => {
    await backUp();
    await expect(restore(place.directory)).rejects.toThrow(/is not empty/);
    mkdirSync(`${target}.restoring`);
    await expect(restore()).rejects.toThrow(/a restore was interrupted/);
  });

  it('says what the system refuses, and calls no backup damaged for it', async () => {
    await backUp();
    await expect(restore(file)).rejects.toMatchObject({
      code: 'store_failed',
      message: `${file} can't be made of the backup: ENOTDIR: not a directory, scandir '${file}'. Nothing of it is there.`,
    });
    await expect(restore(join(file, 'data'))).rejects.toMatchObject({ code: 'store_failed' });
  });

  it('that is given up leaves nothing behind', async () => {
    await backUp();
    const reason = new Error('stopped by SIGTERM');
    await expect(restore(target, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect([existsSync(target), existsSync(`${target}.restoring`)]).toEqual([false, false]);
  });

  it('takes a directory that is empty', async () => {
    await backUp();
    mkdirSync(target);
    expect((await restore()).agents).toBe(1);
  });
});
