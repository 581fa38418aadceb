// A process of its own that brings a store to the newest format and kills itself meanwhile: before the first statement that begins with the given
// words, or after the last one.
import { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '../../node/store/database.ts';
import { FORMAT_VERSION } from '../../node/store/schema.ts';

const [directory = '', step = ''] = process.argv.slice(2);
const execute = DatabaseSync.prototype.exec;
const database = openDatabase(directory);
if (database.format === FORMAT_VERSION) throw new Error('This store has the newest format already.');
DatabaseSync.prototype.exec = function (sql: string) {
  if (sql.startsWith(step)) process.kill(process.pid, 'SIGKILL');
  execute.call(this, sql);
};
database.migrate();
process.kill(process.pid, 'SIGKILL');
