// What the DNS says of a domain, beside what it should say. Its answers are compared, and never told to anybody.
import { Resolver } from 'node:dns/promises';
import type { Domain, DomainStatus, FoundRecord, FoundRecords, RecordKind } from '../domain.ts';
import type { DomainRecord } from '../domain-records.ts';

const QUESTION_MS_MAX = 5_000;
/** Milliseconds after which a domain that is not right is given up, until somebody asks. */
const FAILED_MS = 7 * 86_400_000;
/** A name that stands for all subdomains. */
const SUBDOMAIN = 'mesh-check';

/** Names of servers, or texts; `absent`: there is none. Rejects when the DNS does not say. */
export interface DomainDns {
  mx(name: string): Promise<readonly { readonly exchange: string; readonly priority: number }[]>;
  txt(name: string): Promise<readonly string[]>;
  cname(name: string): Promise<readonly string[]>;
}

/** `servers`: as `IP:PORT`; absent: the system's. */
export function createDomainDns(servers?: readonly string[]): DomainDns {
  const resolver = new Resolver({ timeout: QUESTION_MS_MAX, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  return {
    mx: (name) => orNone(() => resolver.resolveMx(name)),
    cname: (name) => orNone(() => resolver.resolveCname(name)),
    txt: (name) => orNone(async () => (await resolver.resolveTxt(name)).map((strings) => strings.join(''))),
  };
}

async function orNone<Item>(ask: () => Promise<readonly Item[]>): Promise<readonly Item[]> {
  try {
    return await ask();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
    throw error;
  }
}

/** Whether mail of the domain goes to others. Rejects when the DNS does not say. */
export async function goesElsewhere(name: string, mx: string, dns: DomainDns): Promise<boolean> {
  const servers = await dns.mx(name);
  return servers.some(({ exchange }) => exchange !== '' && !isSameName(exchange, mx));
}

/** One question for each record; what the DNS does not say now stays as it was known. `undefined`: it says nothing at all. */
export async function findRecords(records: readonly DomainRecord[], dns: DomainDns): Promise<FoundRecords | undefined> {
  let silent = 0;
  const found = await Promise.all(
    records.map(async (record): Promise<readonly [RecordKind, FoundRecord]> => {
      try {
        return [record.kind, await FOUND[record.type](record, dns)];
      } catch {
        // The DNS is out of reach, which says nothing of the domain.
        silent += 1;
        return [record.kind, record.found];
      }
    }),
  );
  return silent === records.length ? undefined : Object.fromEntries(found);
}

async function mailFound({ name, value }: DomainRecord, dns: DomainDns): Promise<FoundRecord> {
  const servers = await dns.mx(name.replace(/^\*/, SUBDOMAIN));
  const own = servers.filter(({ exchange }) => isSameName(exchange, value));
  if (servers.length === 0) return { status: 'MISSING' };
  if (own.length === 0) return { status: 'INVALID', reason: 'value_mismatch' };
  // Mail that goes to another server first or as well is lost to the inboxes.
  return own.length === servers.length ? { status: 'VALID' } : { status: 'INVALID', reason: 'duplicate_records' };
}

async function nameFound({ name, value }: DomainRecord, dns: DomainDns): Promise<FoundRecord> {
  const [found] = await dns.cname(name);
  if (found === undefined) return { status: 'MISSING' };
  return isSameName(found, value) ? { status: 'VALID' } : { status: 'INVALID', reason: 'value_mismatch' };
}

async function textFound({ kind, name, value }: DomainRecord, dns: DomainDns): Promise<FoundRecord> {
  const version = kind === 'spf' ? /^v=spf1(\s|$)/i : kind === 'dmarc' ? /^v\s*=\s*DMARC1\s*(;|$)/i : /(^|;)\s*p\s*=/i;
  const texts = (await dns.txt(name)).filter((text) => version.test(text));
  const [text, ...others] = texts;
  if (text === undefined) return { status: 'MISSING' };
  const isRight = texts.map((one) => RIGHT[kind]?.(one, value) === true);
  if (!isRight.includes(true)) return { status: 'INVALID', reason: 'value_mismatch' };
  return others.length === 0 ? { status: 'VALID' } : { status: 'INVALID', reason: 'duplicate_records' };
}

const FOUND: Readonly<Record<DomainRecord['type'], typeof mailFound>> = {
  MX: mailFound,
  TXT: textFound,
  CNAME: nameFound,
};

/** Whether a text does what the one that is wanted does; a domain may say more of its own. */
const RIGHT: Readonly<Partial<Record<RecordKind, (text: string, wanted: string) => boolean>>> = {
  spf: (text, wanted) => {
    const terms = new Set(termsOf(text));
    return termsOf(wanted).every((term) => terms.has(term) || /^[?~+-]?all$/.test(term));
  },
  dkim: (text, wanted) => {
    const [tags, own] = [tagsOf(text), tagsOf(wanted)];
    const isVersion = (tags.get('v') ?? 'DKIM1') === 'DKIM1' && (tags.get('k') ?? 'rsa') === 'rsa';
    return isVersion && tags.get('p') === own.get('p');
  },
  dmarc: (text) => /^(none|quarantine|reject)$/i.test(tagsOf(text).get('p') ?? ''),
};

function termsOf(text: string): readonly string[] {
  return text.trim().toLowerCase().split(/\s+/);
}

function tagsOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(';').map((tag) => tag.split(/=(.*)/s));
  return new Map(pairs.map(([name = '', value = '']) => [name.trim().toLowerCase(), value.replaceAll(/\s/g, '')]));
}

function isSameName(one: string, other: string): boolean {
  return one.toLowerCase().replace(/\.$/, '') === other.toLowerCase().replace(/\.$/, '');
}

/** What the records make of the domain. */
export function statusOf(
  { createdAtMs, verifiedAtMs }: Pick<Domain, 'createdAtMs' | 'verifiedAtMs'>,
  found: FoundRecords,
  nowMs: number,
): DomainStatus {
  const statuses = Object.values(found).map(({ status }) => status);
  if (statuses.every((status) => status === 'VALID')) return 'VERIFIED';
  if (nowMs - (verifiedAtMs ?? createdAtMs) > FAILED_MS) return 'FAILED';
  return statuses.includes('INVALID') ? 'INVALID' : 'PENDING';
}
