// How SQLite finds what a reader asks for: what looks at every row of a table is slow where the table is long, however fast it is in a test.
import { Connection } from '../../node/mailbox/store/database.ts';

class NotedConnection extends Connection {
  readonly asked = new Set<string>();

  override all<Found>(...asked: Parameters<Connection['all']>): readonly Found[] {
    this.asked.add(asked[0]);
    return super.all<Found>(...asked);
  }

  override get<Found>(...asked: Parameters<Connection['get']>): Found | undefined {
    this.asked.add(asked[0]);
    return super.get<Found>(...asked);
  }

  override run(...asked: Parameters<Connection['run']>): ReturnType<Connection['run']> {
    this.asked.add(asked[0]);
    return super.run(...asked);
  }
}

/**
 * The steps of all questions that `work` asks which look at every row of a table or of an index, or sort what they found; those of lists that
 * the question itself brings are none.
 */
export function scansOf(connection: Connection, work: (connection: Connection) => void): readonly string[] {
  return stepsOf(connection, work)
    .flat()
    .filter((step) => /^(SCAN|USE TEMP B-TREE)/.test(step) && !/^SCAN (json_each|CONSTANT ROW)/.test(step));
}

/** The steps of each question that `work` asks, in their order. */
export function stepsOf(connection: Connection, work: (connection: Connection) => void): readonly string[][] {
  const noted = new NotedConnection(connection.database);
  work(noted);
  if (noted.asked.size === 0) throw new Error('Nothing was asked.');
  return [...noted.asked].map((sql) =>
    connection.database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail)),
  );
}
