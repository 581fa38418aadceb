import type { DatabaseSync } from 'node:sqlite';

/** Brings the database from the form before to its own; to be called within a transaction, which it neither begins nor ends. */
export type Migration = (database: DatabaseSync) => void;
