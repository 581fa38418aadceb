// A process of its own that brings a mailbox to a form after its own and kills itself meanwhile: before the first statement that begins
// with the given words, or after the last one.
import { DatabaseSync } from 'node:sqlite';
import { MIGRATIONS } from '../../node/mailbox/store/migrations/all.ts';
import { prepareSchema } from '../../node/mailbox/store/schema.ts';

const [path = '', step = ''] = process.argv.slice(2);
const execute = DatabaseSync.prototype.exec;
const database = new DatabaseSync(path);
DatabaseSync.prototype.exec = function (sql: string) {
  if (sql.startsWith(step)) process.kill(process.pid, 'SIGKILL');
  execute.call(this, sql);
};
prepareSchema(database, [
  ...MIGRATIONS.slice(0, 1),
  (it) => it.exec("UPDATE message SET text = 'of form 2'; CREATE TABLE later (row INTEGER PRIMARY KEY)"),
]);
process.kill(process.pid, 'SIGKILL');
