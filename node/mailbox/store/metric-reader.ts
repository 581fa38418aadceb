// What was counted, as it is asked for: in one inbox, in those of a pod, or in all of them.
import type { SQLInputValue } from 'node:sqlite';
import type { EventsCounted, MetricPoint, OrganizationCounts, UsageAsked, UsageType } from '../metric.ts';
import type { Scope } from '../scope.ts';
import type { Connection } from './database.ts';

/** How each is read of a row of `usage`. */
const VALUES: Readonly<Record<UsageType, (row: StoredUsage) => number>> = {
  storage_bytes: ({ bytes }) => bytes,
  message_count: ({ messages }) => messages,
  thread_count: ({ threads }) => threads,
  inbox_count: ({ inboxes }) => inboxes,
  domain_count: ({ domains }) => domains,
  pod_count: ({ pods }) => pods,
};

interface StoredUsage {
  readonly bytes: number;
  readonly messages: number;
  readonly threads: number;
  readonly inboxes: number;
  readonly pods: number;
  readonly domains: number;
}

const NOTHING: StoredUsage = { bytes: 0, messages: 0, threads: 0, inboxes: 0, pods: 0, domains: 0 };

export class MetricReader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Points of each type, those in which something happened. */
  events(asked: EventsCounted): Readonly<Record<string, readonly MetricPoint[]>> {
    const { types, start, end, period, isDescending, limit } = asked;
    const scopes = scopesOf(asked.scope);
    // A number that is bound is no integer, and would divide without a remainder.
    const sql = `SELECT second / CAST(? AS INTEGER) * CAST(? AS INTEGER) AS at, sum(count) AS value FROM tally
      WHERE ${scopes.sql} AND type = ? AND second BETWEEN ? AND ? GROUP BY 1 ORDER BY 1 ${isDescending ? 'DESC' : 'ASC'} LIMIT ?`;
    const of = (type: string) =>
      this.#connection
        .all<MetricPoint>(sql, ...[period, period, ...scopes.values, type, start, end, limit + 1])
        // A bucket may have begun before the time that is asked for.
        .map(({ at, value }) => ({ at: Math.max(at, start), value }));
    return Object.fromEntries(types.map((type) => [type, of(type)]));
  }

  /** What there was of each type at the end of each period, the last of which ends with the range. */
  usage(asked: UsageAsked): Readonly<Record<string, readonly MetricPoint[]>> {
    const { types, start, end, period, isDescending, limit } = asked;
    const scopes = scopesOf(asked.scope);
    const count = Math.max(1, Math.ceil((end - start) / period));
    const times = Array.from({ length: count }, (_, at) => Math.min(start + (at + 1) * period, end));
    const shown = (isDescending ? times.reverse() : times).slice(0, limit);
    const sql = `SELECT coalesce(sum(bytes), 0) AS bytes, coalesce(sum(messages), 0) AS messages, coalesce(sum(threads), 0) AS threads,
        coalesce(sum(inboxes), 0) AS inboxes, (SELECT count(*) FROM pod WHERE created_at < ?) AS pods, ${DOMAINS} AS domains FROM usage
      WHERE (scope, second) IN (SELECT scope, max(second) FROM usage WHERE ${scopes.sql} AND second <= ? GROUP BY scope)`;
    const podId = asked.scope.podId ?? null;
    const rowAt = (at: number) => {
      const endMs = (at + 1) * 1_000;
      return this.#connection.get<StoredUsage>(sql, endMs, endMs, endMs, podId, podId, ...scopes.values, at);
    };
    const points = shown.map((at) => ({ at, row: rowAt(at) ?? NOTHING }));
    const of = (type: UsageType) => points.map(({ at, row }) => ({ at, value: VALUES[type](row) }));
    return Object.fromEntries(types.map((type) => [type, of(type)]));
  }

  /** How many there are now, and when that last changed. */
  organization(): OrganizationCounts {
    const row = this.#connection.get<{ inboxes: number; domains: number; at: number }>(ORGANIZATION);
    return { inboxes: row?.inboxes ?? 0, domains: row?.domains ?? 0, updatedAtMs: row?.at ?? 0 };
  }
}

const ORGANIZATION = `SELECT count(*) AS inboxes, (SELECT count(*) FROM domain) AS domains,
  max(coalesce(max(updated_at), 0), (SELECT coalesce(max(updated_at), 0) FROM domain)) AS at FROM inbox WHERE state = 'active'`;
const DOMAINS = `(SELECT count(*) FROM domain_lifetime WHERE begun_at < ? AND coalesce(ended_at >= ?, 1) AND (? IS NULL OR pod_id = ?))`;

/** Rows of what was counted of a scope: of a pod, its own (what happened to its domains) and those of the inboxes that are in it now. */
export function scopesOf({ podId, inboxId }: Scope): {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
} {
  const rows = "scope IN (SELECT row FROM inbox WHERE state = 'active' AND";
  if (inboxId !== undefined) return { sql: `${rows} inbox_id = ?)`, values: [inboxId] };
  if (podId === undefined) return { sql: 'scope = 0', values: [] };
  const ofPod = `${rows} pod = (SELECT row FROM pod WHERE pod_id = ?) UNION ALL SELECT -row FROM pod WHERE pod_id = ?)`;
  return { sql: ofPod, values: [podId, podId] };
}
