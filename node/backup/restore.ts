// Makes a data directory of a backup. It is put together beside its place, and moved there when it is whole and durable: a restore that was
// interrupted leaves no directory that a node would start on.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { MeshError } from '../../mesh/errors.ts';
import type { Random, Write } from '../../mesh/ports.ts';
import { newLogId } from '../changes/log-end.ts';
import type { Log } from '../log.ts';
import { makeOwnDirectory, refuseForeignFile, syncPath, writeFileDurably } from '../machine/own-files.ts';
import { openStore } from '../store/disk-store.ts';
import { readerOfCopy, recordsOfCopy } from '../store/record-copy.ts';
import { isOfSystem, refused } from '../store/refusals.ts';
import { makeSecret } from '../webhooks/delivery/signature.ts';
import {
  ABOUT,
  type About,
  aboutSchema,
  BACKUP_FORMAT,
  BLOB,
  HOST_KEY,
  MAILBOX_DATABASE,
  MAILBOX_KEY,
  MAILBOX_RAW,
  OLDEST_FORMAT,
  RECORDS,
  TEXT_BYTES_MAX,
  WHOLE,
} from './contents.ts';
import { type Counts, historyOf, noCounts, type Restoring, restoredWrites } from './restored-records.ts';

export interface RestoreOptions {
  /** The backup. */
  readonly file: string;
  /** The data directory that is made; nothing is there yet. */
  readonly directory: string;
  readonly now: string;
  readonly random: Pick<Random, 'bytes' | 'next'>;
  readonly log: Log;
  /** Gives the restore up. */
  readonly stop: AbortSignal;
}

export interface Restored extends Readonly<Counts> {
  readonly about: About;
  readonly blobs: number;
  readonly records: number;
}

/** Records in one commit. */
const COMMIT_RECORDS_MAX = 1_000;

/** Rejects with `store_failed` and a sentence, or with the reason of `stop`; then there is no data directory. */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  try {
    return await restoreWhole(options);
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    throw refused(`${options.directory} can't be made of the backup: ${error.message}. Nothing of it is there.`, error);
  }
}

async function restoreWhole(options: RestoreOptions): Promise<Restored> {
  const { file, directory, stop } = options;
  if (!existsSync(file)) throw refused(`There is no backup ${file}.`);
  refuseForeignFile(file);
  const draft = `${directory}.restoring`;
  if (existsSync(draft))
    throw refused(`${draft} is there: a restore was interrupted, or is under way. Remove it, then try again.`);
  if (existsSync(directory) && readdirSync(directory).length > 0)
    throw refused(`${directory} is not empty: restore into a directory that is not there yet (--data DIR).`);
  makeOwnDirectory(draft);
  try {
    const unpacked = await unpack(file, draft, stop);
    const restored = await fill(draft, unpacked.about, options);
    rmSync(join(draft, RECORDS));
    syncPath(draft);
    if (existsSync(directory)) rmdirSync(directory);
    renameSync(draft, directory);
    syncPath(dirname(directory));
    return { ...restored, ...unpacked };
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

interface Unpacked {
  readonly about: About;
  readonly blobs: number;
}

/** Puts every entry of the archive into the directory. */
async function unpack(file: string, into: string, stop: AbortSignal): Promise<Unpacked> {
  let about: About | undefined;
  let blobs = 0;
  let isWhole = false;
  try {
    const octets = Readable.toWeb(createReadStream(file, { signal: stop })) as ReadableStream<Uint8Array>;
    const entries = octets.pipeThrough(createTarDecoder({ strict: true })) as ReadableStream<ParsedTarEntry>;
    for await (const entry of entries) {
      const { name } = entry.header;
      const [blob, raw] = [BLOB.exec(name)?.[1], MAILBOX_RAW.exec(name)?.[2]];
      if (name === ABOUT) about = readAbout(await textOf(entry), file);
      else if (about === undefined) throw new Error(`it does not begin with ${ABOUT}`);
      else if (name === RECORDS) await writeEntry(entry, join(into, RECORDS));
      else if (name === HOST_KEY) writeFileDurably(join(into, HOST_KEY), await textOf(entry));
      else if (name === WHOLE) isWhole = true;
      else if (name === MAILBOX_KEY) writeFileDurably(join(mailboxIn(into), 'org-key'), await textOf(entry));
      else if (name === MAILBOX_DATABASE) await writeEntry(entry, join(mailboxIn(into), 'mailbox.db'));
      else if (raw !== undefined) await writeBlob(entry, join(mailboxIn(into), 'raw', raw.slice(0, 2)), raw);
      else if (blob !== undefined) blobs += await writeBlob(entry, join(into, 'blobs'), blob);
      else throw new Error(`it has an entry '${name.slice(0, 100)}'`);
      if (name === WHOLE) await entry.body.cancel();
    }
  } catch (cause) {
    stop.throwIfAborted();
    if (cause instanceof MeshError || isOfSystem(cause)) throw cause;
    throw refused(`${file} is no backup, or is damaged: ${(cause as Error).message}.`, cause);
  }
  if (about !== undefined && isWhole && !existsSync(join(into, RECORDS)))
    throw refused(`${file} is no whole backup: it has no records. Take another one.`);
  if (about === undefined || !isWhole) throw refused(`${file} is no whole backup: it was cut off. Take another one.`);
  return { about, blobs };
}

function readAbout(text: string, file: string): About {
  const about = aboutSchema.parse(JSON.parse(text));
  if (about.format >= OLDEST_FORMAT && about.format <= BACKUP_FORMAT) return about;
  throw refused(
    `${file} has format ${about.format}, and this program reads format ${BACKUP_FORMAT}. Restore it with version ${about.version}, or a newer one.`,
  );
}

async function textOf({ header, body }: ParsedTarEntry): Promise<string> {
  if (header.size > TEXT_BYTES_MAX) throw new Error(`its entry ${header.name} has ${header.size} octets`);
  return new Response(body).text();
}

/** Resolves with the SHA-256 of its octets, hexadecimal, when they are durable. */
async function writeEntry({ body }: ParsedTarEntry, path: string): Promise<string> {
  await using file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  for await (const octets of body as ReadableStream<Uint8Array>) {
    hash.update(octets);
    await file.writeFile(octets);
  }
  await file.sync();
  return hash.digest('hex');
}

/** The directory of the mailbox, which is made with the first of its files. */
function mailboxIn(directory: string): string {
  const mailbox = join(directory, 'mailbox');
  makeOwnDirectory(mailbox);
  return mailbox;
}

async function writeBlob(entry: ParsedTarEntry, directory: string, blob: string): Promise<number> {
  makeOwnDirectory(directory);
  if ((await writeEntry(entry, join(directory, blob))) !== blob)
    throw new Error(`its attachment ${blob} does not fit its name`);
  syncPath(directory);
  return 1;
}

/** Writes the records of the unpacked backup into a store of their own there. */
async function fill(
  directory: string,
  about: About,
  { now, random, log, stop }: RestoreOptions,
): Promise<Counts & Pick<Restored, 'records'>> {
  const copy = new DatabaseSync(join(directory, RECORDS), { readOnly: true });
  const store = await openStore({ directory, log });
  const counts = noCounts();
  let records = 0;
  try {
    const reader = readerOfCopy(copy, RECORDS);
    const read = (key: string) => JSON.parse(reader.read(key) ?? 'null');
    const restoring: Restoring = {
      ...{ history: historyOf(read), now, logId: newLogId(random) },
      newSecret: () => makeSecret(random),
    };
    let writes: Write[] = [];
    for (const [key, text] of recordsOfCopy(copy, RECORDS)) {
      writes.push(...restoredWrites(key, JSON.parse(text), restoring, counts));
      if (writes.length < COMMIT_RECORDS_MAX) continue;
      records += writes.length;
      await store.commit(writes);
      stop.throwIfAborted();
      writes = [];
    }
    await store.commit(writes);
    records += writes.length;
  } finally {
    copy.close();
    await store.close();
  }
  log.info('backup.restored', { host: about.host, madeAt: about.madeAt, records });
  return { ...counts, records };
}
