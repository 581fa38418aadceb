// A domain that somebody brings for inboxes: what is to be published in its DNS, and what was found there.

/** Domains of one host. */
export const DOMAINS_MAX = 100;
/** Domains of one pod that were never right: it shall not keep others out by domains that are not its own. */
export const UNPROVED_OF_POD_MAX = 10;

type RecordStatus = 'MISSING' | 'INVALID' | 'VALID';
export type DomainStatus = 'NOT_STARTED' | 'PENDING' | 'INVALID' | 'FAILED' | 'VERIFYING' | 'VERIFIED';

/** The records of a domain, by what they are for. */
export type RecordKind = 'mx' | 'spf' | 'dkim' | 'dmarc' | 'subdomains' | 'tracking';

/** What was found of one record, and why that is not right. */
export interface FoundRecord {
  readonly status: RecordStatus;
  readonly reason?: 'duplicate_records' | 'value_mismatch' | undefined;
}
export type FoundRecords = Readonly<Partial<Record<RecordKind, FoundRecord>>>;

/** What this host is in the DNS: where its mail goes, and who sends for it. */
export interface HostRecords {
  /** The name of the machine that takes mail for inboxes. */
  readonly mx: string;
  readonly spf: string;
  /** The name under which it is reached by HTTP from everywhere; absent: it is not. */
  readonly link?: string | undefined;
}

export interface DomainKey {
  readonly selector: string;
  /** PEM (PKCS #8): a secret. */
  readonly privateKey: string;
  /** Base64 of the SubjectPublicKeyInfo, as DKIM publishes it. */
  readonly publicKey: string;
}

export interface DomainFlags {
  readonly isFeedbackEnabled: boolean;
  readonly areSubdomainsEnabled: boolean;
  /** Whether pictures that tell of an opened mail are at a name of the domain. */
  readonly isTrackingEnabled: boolean;
}

/** One domain as one scope has brought it. Others may bring the same name, each with a key of its own, until one of them is right. */
export interface BroughtDomain {
  /** In lower case, A-labels. */
  readonly name: string;
  /** Absent: of the organization. */
  readonly podId?: string | undefined;
}

export interface Domain extends DomainFlags, BroughtDomain {
  readonly key: DomainKey;
  readonly status: DomainStatus;
  readonly found: FoundRecords;
  /** When it was last found right, since when nobody else has the name; absent: never, or another has it since. */
  readonly verifiedAtMs?: number | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface NewDomain extends DomainFlags, Pick<Domain, 'name' | 'podId' | 'key'> {
  readonly atMs: number;
}

/**
 * `known`: it is there, in that scope. `taken`: another has proved that it is its own. `full`: there are `DOMAINS_MAX`, none of which is given
 * up. `unproved`: the pod has `UNPROVED_OF_POD_MAX`.
 */
export type AddedDomain =
  | { readonly outcome: 'made' | 'known'; readonly domain: Domain }
  | { readonly outcome: 'taken' | 'full' | 'unproved' };

/** What is absent stays. */
export type WishedFlags = { readonly [Flag in keyof DomainFlags]?: boolean | undefined };

export interface DomainChange extends WishedFlags, BroughtDomain {
  readonly atMs: number;
}

export interface DomainRemoval extends BroughtDomain {
  /** The domain of the host, whose inboxes are in no other. */
  readonly hostDomain: string | undefined;
  readonly atMs: number;
}

/** `used`: inboxes are in it. */
export type RemovedDomain = 'removed' | 'gone' | 'used';

/** What a look at the DNS has found. `host`: as it is told to be published. */
export interface DomainChecked extends BroughtDomain {
  readonly host: HostRecords;
  /** When the domain was last changed that was looked up: of one that was changed since, something else is wanted. */
  readonly seenAtMs: number;
  readonly status: DomainStatus;
  readonly found: FoundRecords;
  readonly atMs: number;
}

/** What the worker that writes is asked about domains. */
export interface DomainQuestions {
  /** Domains that were brought, with their keys, the newest first. */
  domains(nothing: null): readonly Domain[];
  addDomain(domain: NewDomain): AddedDomain;
  /** Absent: there is no such domain any more. */
  changeDomain(change: DomainChange): Domain | undefined;
  /** Tells of a domain that is right now and was not before. */
  noteDomain(checked: DomainChecked): void;
  putDomainKey(question: BroughtDomain & { readonly key: DomainKey; readonly atMs: number }): void;
  removeDomain(removal: DomainRemoval): RemovedDomain;
}

/** Whether an address in `domain` may be made with it. */
export function covers(
  { name, areSubdomainsEnabled }: Pick<Domain, 'name' | 'areSubdomainsEnabled'>,
  domain: string,
): boolean {
  return domain === name || (areSubdomainsEnabled && domain.endsWith(`.${name}`));
}

/** Whether nobody else may have the name now: it was found right, and was not given up since. */
export function holds({ verifiedAtMs, status }: Pick<Domain, 'verifiedAtMs' | 'status'>): boolean {
  return verifiedAtMs !== undefined && status !== 'FAILED';
}
