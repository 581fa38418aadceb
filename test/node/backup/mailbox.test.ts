// The mailbox in a backup that is made while it is written to, and in a restored data directory.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import { Backups } from '../../../node/backup/backups.ts';
import { restoreBackup } from '../../../node/backup/restore.ts';
import { type Connection, openForReading, openForWriting } from '../../../node/mailbox/store/database.ts';
import { DomainRows } from '../../../node/mailbox/store/domain-rows.ts';
import { DraftReader } from '../../../node/mailbox/store/draft-reader.ts';
import { KeyRows } from '../../../node/mailbox/store/key-rows.ts';
import { MailReader } from '../../../node/mailbox/store/mail-reader.ts';
import { Writer } from '../../../node/mailbox/store/writer.ts';
import { type CopiedStore, openStore } from '../../../node/store/disk-store.ts';
import type { Store } from '../../../node/store/store.ts';
import { receivedMail } from '../../support/mails.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { makeDataDirectory } from '../../support/store-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const A = 'a@x.com';
const LARGE = 'octets of a large mail';
const DIGEST = createHash('sha256').update(LARGE).digest('hex');
const RAW = join('raw', DIGEST.slice(0, 2), DIGEST);
const DKIM_KEY = 'the key that signs';
const KEY_DIGEST = 'd'.repeat(64);
const log = new RecordingLog();

let place: ReturnType<typeof makeDataDirectory>;
let store: Store & CopiedStore;
let writer: Writer;
let backups: Backups;
let file: string;
let target: string;

const openWriter = (directory: string) =>
  Writer.open({
    ...{ directory, random: seededRandom(1), nowMs: 0, hostId: 'mac' },
    ...{ chooseThread: () => undefined, baseSubject: () => undefined },
  });

beforeEach(async () => {
  place = makeDataDirectory();
  const { directory } = place;
  store = await openStore({ directory, log });
  mkdirSync(join(directory, 'blobs'));
  writeFileSync(join(directory, 'host-key.pem'), 'the key of the host\n', { mode: 0o600 });
  writer = await openWriter(join(directory, 'mailbox'));
  await writer.beginInbox({ inboxId: A, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId: A, agentId: 'agent', atMs: 2 });
  await writer.store(receivedMail({ to: [A], content: { headerId: '<small@y.com>' } }));
  const spooled = writer.files.spoolPath();
  writeFileSync(spooled, LARGE);
  await writer.files.keep(spooled, DIGEST);
  const mail = receivedMail({ to: [A], content: { headerId: '<large@y.com>' }, raw: LARGE });
  await writer.store({ ...mail, raw: { digest: DIGEST, size: LARGE.length } });
  const key = { keyId: 'k1', digest: KEY_DIGEST, prefix: 'am_abcde', name: 'key', inboxId: A, atMs: 3 };
  await writer.write(() => writer.keys.add(key));
  const flags = { isFeedbackEnabled: true, areSubdomainsEnabled: false, isTrackingEnabled: false };
  const ofDomain = { selector: 's', publicKey: 'MIIB', privateKey: DKIM_KEY };
  await writer.write(() => writer.domains.add({ name: 'x.com', podId: undefined, key: ofDomain, ...flags, atMs: 3 }));
  writeFileSync(join(directory, 'mailbox', 'org-key'), 'am_of-the-organization\n', { mode: 0o600 });
  backups = new Backups({
    store,
    directory,
    self: () => 'mac' as HostId,
    version: '0.3.0',
    clock: new VirtualClock(),
    log,
  });
  file = join(directory, '..', 'a-backup');
  target = join(directory, '..', 'restored');
});

afterEach(async () => {
  writer.close();
  await store.close();
  place.remove();
});

async function backUp(withKeys: boolean, meanwhile: () => Promise<unknown> = async () => undefined): Promise<void> {
  using made = await backups.make({ withKeys });
  await meanwhile();
  const pieces: Uint8Array[] = [];
  for await (const piece of made.pieces(new AbortController().signal)) pieces.push(piece);
  writeFileSync(file, Buffer.concat(pieces), { mode: 0o600 });
}

const restore = () =>
  restoreBackup({
    ...{ file, directory: target, now: '2026-02-01T00:00:00.000Z', random: seededRandom(1), log },
    stop: new AbortController().signal,
  });

/** What the restored mailbox answers, when its host has started on it. */
async function restored<Found>(read: (connection: Connection) => Found): Promise<Found> {
  (await openWriter(join(target, 'mailbox'))).close();
  const connection = openForReading(join(target, 'mailbox'));
  try {
    return read(connection);
  } finally {
    connection.close();
  }
}

const list = { labels: [], include: [], from: [], to: [], subject: [], limit: 10, isAscending: true };
const mailsIn = (connection: Connection) =>
  new MailReader(connection).list({ ...list, inboxId: A }).items.map(({ messageId }) => messageId);

describe('a mailbox', () => {
  it('that can not be copied is a refusal, with what SQLite says', async () => {
    const database = join(place.directory, 'mailbox', 'mailbox.db');
    rmSync(database);
    mkdirSync(database);
    await expect(backUp(false)).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringMatching(/^mailbox\/mailbox\.db can't be copied: .* there is no backup\.$/),
    });
  });

  it('comes back with its mails and their octets, as it was when the backup was asked for', async () => {
    await backUp(false, () => writer.store(receivedMail({ to: [A], content: { headerId: '<later@y.com>' } })));
    await restore();
    expect(await restored(mailsIn)).toEqual(['<small@y.com>', '<large@y.com>']);
    expect(readFileSync(join(target, 'mailbox', RAW), 'utf8')).toBe(LARGE);
    expect(statSync(join(target, 'mailbox', 'mailbox.db')).mode & 0o777).toBe(0o600);
    expect(readdirSync(place.directory).filter((name) => name.endsWith('.backup'))).toEqual([]);
  });

  it('has its drafts, none of which goes out by itself: it may have gone since', async () => {
    const draft = { inboxId: A, bcc: [], cc: [], replyTo: [], to: [{ name: '', address: A }], labels: [], atMs: 4 };
    await writer.drafts.createDraft({ ...draft, draftId: 'plain', files: [] });
    const octets = Buffer.from('octets of a file');
    const kept = { attachmentId: 'file', filename: 'a.txt', size: octets.length, octets };
    const digest = createHash('sha256').update(octets).digest('hex');
    await writer.drafts.createDraft({ ...draft, draftId: 'timed', files: [{ ...kept, digest }], sendAtMs: 9 });
    await writer.drafts.createDraft({ ...draft, draftId: 'going', files: [] });
    await writer.drafts.beginSendingDraft({ inboxId: A, draftId: 'going' });
    await backUp(false);
    await restore();
    const found = await restored((connection) => {
      const reader = new DraftReader(connection);
      const of = (draftId: string) => [reader.draft({ draftId })?.status, reader.draft({ draftId })?.reason];
      const row = reader.draftFile({ draftId: 'timed', attachmentId: 'file' })?.row ?? 0;
      return [of('plain'), of('timed'), of('going'), reader.draftOctets({ row, digest })?.content?.length];
    });
    const failed = ['failed', expect.stringContaining('when this copy was made')];
    expect(found).toEqual([[undefined, undefined], failed, failed, octets.length]);
  });

  it('has its keys, and the links that it gave out, with keys alone', async () => {
    const keys = (connection: Connection) => new KeyRows(connection).withDigest(KEY_DIGEST)?.keyId;
    const fileKey = (connection: Connection) =>
      connection.get<{ file_key: Uint8Array }>('SELECT file_key FROM organization')?.file_key;
    const signing = (connection: Connection) => new DomainRows(connection).find({ name: 'x.com' })?.key.privateKey;
    await backUp(false);
    const octets = readFileSync(file);
    for (const secret of [KEY_DIGEST, DKIM_KEY, 'am_of-the-organization', Buffer.from(writer.organization.fileKey)])
      expect(octets.includes(secret)).toBe(false);
    await restore();
    expect([await restored(keys), await restored(signing)]).toEqual([undefined, '']);
    expect(existsSync(join(target, 'mailbox', 'org-key'))).toBe(false);
    rmSync(target, { recursive: true });
    await backUp(true);
    await restore();
    expect([await restored(keys), await restored(fileKey)]).toEqual(['k1', writer.organization.fileKey]);
    expect(await restored(signing)).toBe(DKIM_KEY);
    expect(readFileSync(join(target, 'mailbox', 'org-key'), 'utf8')).toBe('am_of-the-organization\n');
    expect(statSync(join(target, 'mailbox', 'org-key')).mode & 0o777).toBe(0o600);
  });

  it('sends nothing again that was being sent', async () => {
    const connection = openForWriting(join(place.directory, 'mailbox'));
    connection.run("INSERT INTO raw (digest, size, content, uses) VALUES ('unsent', 1, x'00', 1)");
    const columns = 'id, inbox, mail, submission, raw, begun_at';
    connection.run(
      `INSERT INTO outgoing (${columns}) VALUES ('o1', 1, '{}', '{}', 'unsent', 1), ('o2', 1, NULL, NULL, NULL, 1)`,
    );
    connection.close();
    await backUp(true);
    await restore();
    expect(await restored((copy) => copy.all('SELECT id FROM outgoing'))).toEqual([{ id: 'o2' }]);
    expect(await restored((copy) => copy.all("SELECT digest FROM raw WHERE digest = 'unsent'"))).toEqual([]);
    expect(await restored(mailsIn)).toHaveLength(2);
  });

  it('lacks the octets of a large mail that was deleted meanwhile, and nothing else', async () => {
    await backUp(false, async () => {
      await writer.removeMails({ meant: { inboxId: A, messageId: '<large@y.com>' }, atMs: 9 });
    });
    await restore();
    expect(await restored(mailsIn)).toEqual(['<small@y.com>', '<large@y.com>']);
    expect(existsSync(join(target, 'mailbox', RAW))).toBe(false);
  });

  it('is not made where there was none', async () => {
    writer.close();
    rmSync(join(place.directory, 'mailbox'), { recursive: true });
    await backUp(false);
    await restore();
    expect(existsSync(join(target, 'mailbox'))).toBe(false);
    writer = await openWriter(join(place.directory, 'mailbox'));
  });
});
