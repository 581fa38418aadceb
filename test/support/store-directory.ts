// Data directories for tests of the store on disk, and ways to see and to spoil what is in them.
import { createHash } from 'node:crypto';
import { closeSync, cpSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A path inside a new directory of its own; `remove` takes the latter away. */
export function makeDataDirectory(): { readonly directory: string; remove(): void } {
  const parent = mkdtempSync(join(tmpdir(), 'mesh-store-'));
  return { directory: join(parent, 'data'), remove: () => rmSync(parent, { recursive: true }) };
}

/** Every file that carries data, with the hash of its content: what a refusal must leave as it is. */
export function dataIn(directory: string): Readonly<Record<string, string>> {
  const names = readdirSync(directory).filter((name) => name !== 'mesh.lock' && name !== 'mesh.holder');
  const hash = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex');
  return Object.fromEntries(names.sort().map((name) => [name, hash(name)]));
}

/** Copies the data as it stands at this moment, a store being open on it or not: what `kill -9` would leave. */
export function copyData(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !/mesh\.(?:lock|holder)$/.test(path) });
}

/** Turns over the bits of one octet. */
export function flipOctet(path: string, at: number): void {
  const octet = readFileSync(path)[at] ?? 0;
  const file = openSync(path, 'r+');
  writeSync(file, Uint8Array.of(octet ^ 0xff), 0, 1, at);
  closeSync(file);
}

/** Makes the closed database at `path` one as a program of an earlier format has written it: before 3 with one table for all records. */
export function makeEarlier(path: string, format: 1 | 2 | 3): void {
  const database = new DatabaseSync(path);
  if (format < 3) database.exec('INSERT INTO records SELECT * FROM log; DROP TABLE log');
  database.exec(`PRAGMA user_version = ${format}`);
  database.close();
}

/** The version of a closed database's form: what each program looks at first. */
export function formatOf(path: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  const version = database.prepare('PRAGMA user_version').get()?.user_version;
  database.close();
  return version;
}
