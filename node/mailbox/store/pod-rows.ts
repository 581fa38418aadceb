// The rows of pods. What writes runs within a transaction.
import type { Listed } from '../list.ts';
import { type AddedPod, type NewPod, PODS_MAX, type Pod, type RemovedPod, slugFor } from '../pod.ts';
import type { PodsQuestion } from '../questions.ts';
import type { Connection } from './database.ts';

interface StoredPod {
  readonly row: number;
  readonly pod_id: string;
  readonly name: string;
  readonly client_id: string | null;
  readonly slug: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

export class PodRows {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  add({ podId, name, clientId, atMs }: NewPod): AddedPod {
    const twin = clientId === undefined ? undefined : this.#one('SELECT * FROM pod WHERE client_id = ?', clientId);
    if (twin !== undefined) return { outcome: 'known', pod: twin };
    const { count = 0 } = this.#connection.get<{ count: number }>('SELECT count(*) AS count FROM pod') ?? {};
    if (count >= PODS_MAX) return { outcome: 'full' };
    const slug = this.#freeSlug(slugFor([name, clientId]));
    this.#connection.run(
      'INSERT INTO pod (pod_id, name, client_id, slug, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
      ...[podId, name, clientId ?? null, slug, atMs, atMs],
    );
    return { outcome: 'made', pod: { podId, name, clientId, slug, createdAtMs: atMs, updatedAtMs: atMs } };
  }

  /** Removes a pod with its keys. */
  remove(podId: string): RemovedPod {
    const pod = this.#connection.get<StoredPod>('SELECT * FROM pod WHERE pod_id = ?', podId);
    if (pod === undefined) return 'gone';
    if (pod.slug === null) return 'default';
    if (this.#connection.get('SELECT 1 FROM inbox WHERE pod = ?', pod.row) !== undefined) return 'used';
    if (this.#connection.get('SELECT 1 FROM domain WHERE pod = ?', pod.row) !== undefined) return 'domains';
    this.#connection.run('DELETE FROM pod WHERE row = ?', pod.row);
    return 'removed';
  }

  /** The pod that a text means: its id, or the client id that it was made with. */
  find(text: string): Pod | undefined {
    return (
      this.#one('SELECT * FROM pod WHERE pod_id = ?', text) ?? this.#one('SELECT * FROM pod WHERE client_id = ?', text)
    );
  }

  hasSlug(slug: string): boolean {
    return this.#connection.get('SELECT 1 FROM pod WHERE slug = ?', slug) !== undefined;
  }

  /** The newest first, unless the question says otherwise. */
  list({ podId, limit, isAscending, place }: PodsQuestion): Listed<Pod> {
    const [order, beyond] = isAscending ? ['ASC', '>'] : ['DESC', '<'];
    const sql = `SELECT * FROM pod WHERE ${podId === undefined ? '1' : 'pod_id = ?'}
      ${place === undefined ? '' : `AND (created_at, row) ${beyond} (?, ?)`} ORDER BY created_at ${order}, row ${order} LIMIT ?`;
    const values = [...(podId === undefined ? [] : [podId]), ...(place === undefined ? [] : [place.atMs, place.row])];
    const rows = this.#connection.all<StoredPod>(sql, ...values, limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const items = shown.map(podOf);
    return rows.length > limit && last !== undefined
      ? { items, next: { atMs: last.created_at, row: last.row } }
      : { items };
  }

  #freeSlug(wanted: string): string {
    let slug = wanted;
    for (let number = 2; this.hasSlug(slug); number += 1) slug = `${wanted}-${number}`;
    return slug;
  }

  #one(sql: string, value: string): Pod | undefined {
    const stored = this.#connection.get<StoredPod>(sql, value);
    return stored === undefined ? undefined : podOf(stored);
  }
}

function podOf(stored: StoredPod): Pod {
  return {
    ...{ podId: stored.pod_id, name: stored.name, clientId: stored.client_id ?? undefined },
    ...{ slug: stored.slug ?? undefined, createdAtMs: stored.created_at, updatedAtMs: stored.updated_at },
  };
}
