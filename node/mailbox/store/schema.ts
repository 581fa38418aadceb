// The form of `mailbox.db`, which is brought forward a step at a time: killed in between, the database has the older form or the newer one.
import type { DatabaseSync } from 'node:sqlite';
import { MeshError } from '../../../mesh/errors.ts';
import { MIGRATIONS } from './migrations/all.ts';

/** Brings a database, which may be empty, to the newest form. Throws `store_failed` for one of a later program. */
export function prepareSchema(database: DatabaseSync, migrations = MIGRATIONS): void {
  const form = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (form > migrations.length) {
    const message = `mailbox.db has form ${form}, and this program knows ${migrations.length}: it was written by a later one. Start that one.`;
    throw new MeshError('store_failed', message);
  }
  for (const [index, migrate] of migrations.entries()) {
    if (index < form) continue;
    database.exec('BEGIN IMMEDIATE');
    try {
      migrate(database);
      database.exec(`PRAGMA user_version = ${index + 1}`);
      database.exec('COMMIT');
    } catch (error) {
      // A full disk ends the transaction by itself.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}
