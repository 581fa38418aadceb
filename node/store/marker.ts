// The marker beside the database: a small file that says there was one, and which round it had reached. A round begins
// whenever SQLite has moved the -wal into the database; its number is committed, which then stands in the -wal alone, and
// only afterwards noted here. So a database that does not show the noted round has lost its -wal, or is an older copy.
import { readFileSync } from 'node:fs';
import { writeFileDurably } from '../machine/own-files.ts';
import { type StorePaths, sizeOf } from './paths.ts';
import { damaged } from './refusals.ts';

/** The round that must have been reached; 0 when there is no marker. Throws `store_failed` when it can't be read. */
export function readMarker(paths: StorePaths): number {
  if (sizeOf(paths.marker) === undefined) return 0;
  const text = readFileSync(paths.marker, 'utf8');
  const round = /^round (\d{1,15})$/m.exec(text)?.[1];
  if (round === undefined) throw damaged(paths.marker, "it has no line 'round N'");
  return Number(round);
}

/** Notes, durably, that the directory has data, and in which round it is. Throws what the file system throws. */
export function writeMarker(paths: StorePaths, round: number): void {
  writeFileDurably(
    paths.marker,
    `A mesh node keeps its data here, in mesh.sqlite, mesh.sqlite-wal and commit logs. If they are missing or older than this
note, the node refuses to start, so that it does not take itself for a new one.
round ${round}
`,
  );
}
