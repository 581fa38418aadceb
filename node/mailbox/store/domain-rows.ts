// Domains that inboxes may be in. All of it runs within a transaction, but for what only reads.
import { domainToASCII } from 'node:url';
import {
  type AddedDomain,
  DOMAINS_MAX,
  type Domain,
  type DomainChange,
  type DomainChecked,
  type DomainKey,
  type DomainRemoval,
  type DomainStatus,
  type FoundRecords,
  type NewDomain,
  type RemovedDomain,
} from '../domain.ts';
import type { Connection } from './database.ts';

interface StoredDomain {
  readonly name: string;
  readonly pod_id: string | null;
  readonly selector: string;
  readonly public_key: string;
  readonly private_key: string;
  readonly feedback: number;
  readonly subdomains: number;
  readonly tracking: number;
  readonly status: DomainStatus;
  readonly found: string;
  readonly verified_at: number | null;
  readonly created_at: number;
  readonly updated_at: number;
}

export class DomainRows {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.database.function('ascii_id', { deterministic: true }, (inboxId) => asciiIdOf(String(inboxId)));
  }

  /** The newest first. */
  all(): readonly Domain[] {
    return this.#connection
      .all<StoredDomain>(`${SELECT} ORDER BY domain.created_at DESC, domain.row DESC`)
      .map(domainOf);
  }

  find(name: string): Domain | undefined {
    const stored = this.#connection.get<StoredDomain>(`${SELECT} WHERE domain.name = ?`, name);
    return stored && domainOf(stored);
  }

  add({ name, podId, key, isFeedbackEnabled, areSubdomainsEnabled, isTrackingEnabled, atMs }: NewDomain): AddedDomain {
    const known = this.find(name);
    if (known !== undefined) return known.podId === podId ? { outcome: 'known', domain: known } : { outcome: 'taken' };
    const { count = 0 } = this.#connection.get<{ count: number }>('SELECT count(*) AS count FROM domain') ?? {};
    if (count >= DOMAINS_MAX) return { outcome: 'full' };
    this.#connection.run(
      INSERT,
      ...[name, podId ?? null, key.selector, key.publicKey, key.privateKey],
      ...[Number(isFeedbackEnabled), Number(areSubdomainsEnabled), Number(isTrackingEnabled), atMs, atMs],
    );
    return { outcome: 'made', domain: this.#known(name) };
  }

  /** `undefined`: there is no such domain any more. */
  change({ name, isFeedbackEnabled, areSubdomainsEnabled, isTrackingEnabled, atMs }: DomainChange): Domain | undefined {
    const before = this.find(name);
    if (before === undefined) return undefined;
    const flags = [
      isFeedbackEnabled ?? before.isFeedbackEnabled,
      areSubdomainsEnabled ?? before.areSubdomainsEnabled,
      isTrackingEnabled ?? before.isTrackingEnabled,
    ];
    const sql = 'UPDATE domain SET feedback = ?, subdomains = ?, tracking = ?, updated_at = ? WHERE name = ?';
    this.#connection.run(sql, ...flags.map(Number), atMs, name);
    return this.find(name);
  }

  /** `becameVerified`: it was not right before. */
  note(
    checked: Omit<DomainChecked, 'host'>,
  ): { readonly domain: Domain; readonly becameVerified: boolean } | undefined {
    const { name, status, found, seenAtMs, atMs } = checked;
    const before = this.find(name);
    if (before?.updatedAtMs !== seenAtMs) return undefined;
    const [json, isVerified] = [JSON.stringify(found), status === 'VERIFIED'];
    const isSame = before.status === status && JSON.stringify(before.found) === json;
    const sql = 'UPDATE domain SET status = ?, found = ?, verified_at = ?, updated_at = ? WHERE name = ?';
    const verifiedAtMs = isVerified ? atMs : (before.verifiedAtMs ?? null);
    this.#connection.run(sql, status, json, verifiedAtMs, isSame ? before.updatedAtMs : atMs, name);
    return { domain: this.#known(name), becameVerified: isVerified && before.status !== 'VERIFIED' };
  }

  /** A backup without keys has left it without one. */
  putKey(name: string, { selector, publicKey, privateKey }: DomainKey, atMs: number): void {
    const sql = `UPDATE domain SET selector = ?, public_key = ?, private_key = ?, status = 'NOT_STARTED', found = '{}', updated_at = ? WHERE name = ?`;
    this.#connection.run(sql, selector, publicKey, privateKey, atMs, name);
  }

  /** `used`: inboxes are in it, and not in one below it that is the host's or was brought by itself. */
  remove({ name, hostDomain, atMs }: DomainRemoval): RemovedDomain {
    if (this.find(name) === undefined) return 'gone';
    if (this.#connection.get(USED, name, name, hostDomain ?? null) !== undefined) return 'used';
    this.#connection.run('DELETE FROM domain WHERE name = ?', name);
    this.#connection.run('UPDATE domain_lifetime SET ended_at = ? WHERE name = ? AND ended_at IS NULL', atMs, name);
    return 'removed';
  }

  /** Whether mail for a domain (lower case, A-labels) may have come here: one that was right before is not forgotten while it is wrong. */
  serves(domain: string): boolean {
    return this.#connection.get(SERVED, domain, domain) !== undefined;
  }

  #known(name: string): Domain {
    const domain = this.find(name);
    if (domain === undefined) throw new Error(`The domain '${name}' is gone within its own transaction.`);
    return domain;
  }
}

function domainOf(stored: StoredDomain): Domain {
  return {
    ...{ name: stored.name, podId: stored.pod_id ?? undefined, status: stored.status },
    key: { selector: stored.selector, publicKey: stored.public_key, privateKey: stored.private_key },
    ...{ isFeedbackEnabled: stored.feedback === 1, areSubdomainsEnabled: stored.subdomains === 1 },
    isTrackingEnabled: stored.tracking === 1,
    found: JSON.parse(stored.found) as FoundRecords,
    ...{
      verifiedAtMs: stored.verified_at ?? undefined,
      createdAtMs: stored.created_at,
      updatedAtMs: stored.updated_at,
    },
  };
}

const SELECT = 'SELECT domain.*, pod_id FROM domain LEFT JOIN pod ON pod.row = domain.pod';
const INSERT = `INSERT INTO domain (name, pod, selector, public_key, private_key, feedback, subdomains, tracking, status, found,
  created_at, updated_at)
  VALUES (?, (SELECT row FROM pod WHERE pod_id = ?), ?, ?, ?, ?, ?, ?, 'NOT_STARTED', '{}', ?, ?)`;
const SERVED = `SELECT 1 FROM domain WHERE verified_at IS NOT NULL
  AND (name = ? OR (subdomains = 1 AND substr(?, -length(name) - 1) = '.' || name))`;
/** Domains are written in ASCII here, and those of inboxes as people read them. */
const ASCII_ID = "CASE WHEN inbox_id GLOB '*[^ -~]*' THEN ascii_id(inbox_id) ELSE inbox_id END";
/** Inboxes in a domain or below it. */
const within = (domain: string) =>
  `substr(${ASCII_ID}, -length(${domain}) - 1) IN ('@' || ${domain}, '.' || ${domain})`;
function asciiIdOf(inboxId: string): string {
  const domain = inboxId.lastIndexOf('@') + 1;
  return inboxId.slice(0, domain) + domainToASCII(inboxId.slice(domain));
}

const USED = `SELECT 1 FROM inbox WHERE ${within('?1')} AND NOT EXISTS (SELECT 1 FROM
  (SELECT name FROM domain WHERE length(name) > length(?2) UNION ALL SELECT ?3 WHERE length(?3) > length(?2)) AS nearer
  WHERE ${within('nearer.name')}) LIMIT 1`;
