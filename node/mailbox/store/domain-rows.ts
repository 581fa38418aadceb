// Domains that inboxes may be in. All of it runs within a transaction, but for what only reads.
import { domainToASCII } from 'node:url';
import {
  type AddedDomain,
  type BroughtDomain,
  DOMAINS_MAX,
  type Domain,
  type DomainChange,
  type DomainChecked,
  type DomainKey,
  type DomainRemoval,
  type DomainStatus,
  type FoundRecords,
  holds,
  type NewDomain,
  type RemovedDomain,
  UNPROVED_OF_POD_MAX,
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

  find({ name, podId }: BroughtDomain): Domain | undefined {
    const stored = this.#connection.get<StoredDomain>(`${SELECT} WHERE ${ONE}`, name, podId ?? null);
    return stored && domainOf(stored);
  }

  add(wished: NewDomain): AddedDomain {
    const { name, podId, key, isFeedbackEnabled, areSubdomainsEnabled, isTrackingEnabled, atMs } = wished;
    const known = this.find(wished);
    if (known !== undefined) return { outcome: 'known', domain: known };
    const holder = this.#holder(name);
    if (holder !== undefined && holds(holder)) return { outcome: 'taken' };
    if (podId !== undefined && this.#count(UNPROVED, podId) >= UNPROVED_OF_POD_MAX) return { outcome: 'unproved' };
    if (this.#count(ALL) >= DOMAINS_MAX && !this.#dropGivenUp(atMs)) return { outcome: 'full' };
    this.#connection.run(
      INSERT,
      ...[name, podId ?? null, key.selector, key.publicKey, key.privateKey],
      ...[Number(isFeedbackEnabled), Number(areSubdomainsEnabled), Number(isTrackingEnabled), atMs, atMs],
    );
    return { outcome: 'made', domain: this.#known(wished) };
  }

  /** `undefined`: there is no such domain any more. */
  change(change: DomainChange): Domain | undefined {
    const { name, podId, isFeedbackEnabled, areSubdomainsEnabled, isTrackingEnabled, atMs } = change;
    const before = this.find(change);
    if (before === undefined) return undefined;
    const flags = [
      isFeedbackEnabled ?? before.isFeedbackEnabled,
      areSubdomainsEnabled ?? before.areSubdomainsEnabled,
      isTrackingEnabled ?? before.isTrackingEnabled,
    ];
    const sql = `UPDATE domain SET feedback = ?, subdomains = ?, tracking = ?, updated_at = ? WHERE ${ONE}`;
    this.#connection.run(sql, ...flags.map(Number), atMs, name, podId ?? null);
    return this.find(change);
  }

  /**
   * `becameVerified`: it was not right before. One that is right while another has the name stays `PENDING`; one that was given up gives the name
   * to it.
   */
  note(
    checked: Omit<DomainChecked, 'host'>,
  ): { readonly domain: Domain; readonly becameVerified: boolean } | undefined {
    const { name, podId, found, seenAtMs, atMs } = checked;
    const before = this.find(checked);
    if (before?.updatedAtMs !== seenAtMs) return undefined;
    const status = this.#statusBeside(before, checked.status);
    const [json, isVerified] = [JSON.stringify(found), status === 'VERIFIED'];
    if (isVerified) this.#connection.run(GIVEN, name, podId ?? null);
    const isSame = before.status === status && JSON.stringify(before.found) === json;
    const sql = `UPDATE domain SET status = ?, found = ?, verified_at = ?, updated_at = ? WHERE ${ONE}`;
    const verifiedAtMs = isVerified ? atMs : (before.verifiedAtMs ?? null);
    const values = [status, json, verifiedAtMs, isSame ? before.updatedAtMs : atMs];
    this.#connection.run(sql, ...values, name, podId ?? null);
    return { domain: this.#known(checked), becameVerified: isVerified && before.status !== 'VERIFIED' };
  }

  /** A backup without keys has left it without one. */
  putKey({ name, podId }: BroughtDomain, { selector, publicKey, privateKey }: DomainKey, atMs: number): void {
    const sql = `UPDATE domain SET selector = ?, public_key = ?, private_key = ?, status = 'NOT_STARTED', found = '{}', updated_at = ? WHERE ${ONE}`;
    this.#connection.run(sql, selector, publicKey, privateKey, atMs, name, podId ?? null);
  }

  /** `used`: inboxes are in it, and not in one below it that is the host's or somebody's by itself. One that was never right has none. */
  remove(removal: DomainRemoval): RemovedDomain {
    const { name, podId, hostDomain, atMs } = removal;
    const domain = this.find(removal);
    if (domain === undefined) return 'gone';
    const isUsed = () => this.#connection.get(USED, name, name, hostDomain ?? null, podId ?? null) !== undefined;
    if (domain.verifiedAtMs !== undefined && isUsed()) return 'used';
    this.#drop(domain, atMs);
    return 'removed';
  }

  /** Whether mail for a domain (lower case, A-labels) may have come here: one that was right before is not forgotten while it is wrong. */
  serves(domain: string): boolean {
    return this.#connection.get(SERVED, domain, domain) !== undefined;
  }

  /** Who has the name alone, or had it until it was given up. */
  #holder(name: string): Domain | undefined {
    const stored = this.#connection.get<StoredDomain>(
      `${SELECT} WHERE domain.name = ? AND verified_at IS NOT NULL`,
      name,
    );
    return stored && domainOf(stored);
  }

  #statusBeside(domain: Domain, status: DomainStatus): DomainStatus {
    if (status !== 'VERIFIED' || domain.verifiedAtMs !== undefined) return status;
    const holder = this.#holder(domain.name);
    return holder !== undefined && holds(holder) ? 'PENDING' : status;
  }

  /** Makes room by the oldest that was given up without ever having been right. */
  #dropGivenUp(atMs: number): boolean {
    const stored = this.#connection.get<StoredDomain>(`${SELECT} WHERE ${GIVEN_UP}`);
    if (stored !== undefined) this.#drop(domainOf(stored), atMs);
    return stored !== undefined;
  }

  #drop({ name, podId }: BroughtDomain, atMs: number): void {
    this.#connection.run(`DELETE FROM domain WHERE ${ONE}`, name, podId ?? null);
    const sql = 'UPDATE domain_lifetime SET ended_at = ? WHERE name = ? AND pod_id IS ? AND ended_at IS NULL';
    this.#connection.run(sql, atMs, name, podId ?? null);
  }

  #count(sql: string, ...values: readonly string[]): number {
    return this.#connection.get<{ count: number }>(sql, ...values)?.count ?? 0;
  }

  #known(meant: BroughtDomain): Domain {
    const domain = this.find(meant);
    if (domain === undefined) throw new Error(`The domain '${meant.name}' is gone within its own transaction.`);
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
/** One domain, by its name and its pod, which is null for those of the organization. */
const ONE = 'domain.name = ? AND domain.pod IS (SELECT row FROM pod WHERE pod_id = ?)';
const ALL = 'SELECT count(*) AS count FROM domain';
const UNPROVED = `${ALL} WHERE verified_at IS NULL AND pod = (SELECT row FROM pod WHERE pod_id = ?)`;
const GIVEN_UP = "verified_at IS NULL AND status = 'FAILED' ORDER BY domain.created_at, domain.row LIMIT 1";
/** Whoever had the name before has it no more. */
const GIVEN = `UPDATE domain SET verified_at = NULL WHERE name = ?
  AND domain.pod IS NOT (SELECT row FROM pod WHERE pod_id = ?) AND verified_at IS NOT NULL`;
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

/** In the domain of a pod, only those of the pod are its own. */
const USED = `SELECT 1 FROM inbox WHERE ${within('?1')} AND (?4 IS NULL OR inbox.pod = (SELECT row FROM pod WHERE pod_id = ?4))
  AND NOT EXISTS (SELECT 1 FROM (SELECT name FROM domain WHERE length(name) > length(?2) AND verified_at IS NOT NULL
    UNION ALL SELECT ?3 WHERE length(?3) > length(?2)) AS nearer WHERE ${within('nearer.name')}) LIMIT 1`;
