// What is to be published for a domain, and as a zone file (RFC 1035 §5).
import type { Domain, FoundRecord, HostRecords, RecordKind } from './domain.ts';

export interface DomainRecord {
  readonly kind: RecordKind;
  readonly type: 'MX' | 'TXT' | 'CNAME';
  readonly name: string;
  readonly value: string;
  readonly priority?: number | undefined;
  readonly found: FoundRecord;
}

const MX_PRIORITY = 10;
/** Octets of one string of a TXT record. */
const STRING_OCTETS_MAX = 255;
const TTL_SECONDS = 3_600;
const MISSING: FoundRecord = { status: 'MISSING' };

/** In the order in which somebody would publish them. */
export function recordsOf(domain: Domain, { mx, spf, link }: HostRecords): readonly DomainRecord[] {
  const { name, key, areSubdomainsEnabled, isTrackingEnabled, found } = domain;
  const mail = { type: 'MX', value: mx, priority: MX_PRIORITY } as const;
  const all: readonly Omit<DomainRecord, 'found'>[] = [
    { kind: 'mx', name, ...mail },
    { kind: 'spf', type: 'TXT', name, value: spf },
    {
      kind: 'dkim',
      type: 'TXT',
      name: `${key.selector}._domainkey.${name}`,
      value: `v=DKIM1; k=rsa; p=${key.publicKey}`,
    },
    { kind: 'dmarc', type: 'TXT', name: `_dmarc.${name}`, value: 'v=DMARC1; p=none' },
    ...(areSubdomainsEnabled ? [{ kind: 'subdomains', name: `*.${name}`, ...mail } as const] : []),
    ...(isTrackingEnabled && link !== undefined
      ? [{ kind: 'tracking', type: 'CNAME', name: linkName(name), value: link } as const]
      : []),
  ];
  return all.map((record) => ({ ...record, found: found[record.kind] ?? MISSING }));
}

/** Where pictures of a domain's mails are, when they are not where those of the host are. */
export function linkName(name: string): string {
  return `link.${name}`;
}

/** A zone of its own; where there is one already, its first two records stay out. `serial`: of RFC 1912 §2.2. */
export function zoneFile(
  name: string,
  records: readonly DomainRecord[],
  { mx, serial }: { readonly mx: string; readonly serial: number },
): string {
  const lines = records.map((record) => {
    const { type, value, priority } = record;
    const data = type === 'TXT' ? stringsOf(value) : type === 'MX' ? `${priority} ${value}.` : `${value}.`;
    return `${record.name}.\t${TTL_SECONDS}\tIN\t${type}\t${data}`;
  });
  return [
    `; The DNS of ${name} for the inboxes of this host.`,
    '; Leave the next two records out where the zone has its own.',
    `$ORIGIN ${name}.`,
    `$TTL ${TTL_SECONDS}`,
    `@\t${TTL_SECONDS}\tIN\tSOA\t${mx}. postmaster.${name}. ${serial} 7200 3600 1209600 3600`,
    `@\t${TTL_SECONDS}\tIN\tNS\t${mx}.`,
    ...lines,
    '',
  ].join('\n');
}

function stringsOf(text: string): string {
  const strings = text.match(new RegExp(`.{1,${STRING_OCTETS_MAX}}`, 'g')) ?? [];
  return strings.map((one) => `"${one.replaceAll(/["\\]/g, '\\$&')}"`).join(' ');
}
