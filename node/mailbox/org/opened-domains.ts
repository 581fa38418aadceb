// The domains that somebody brings, as the settings of the host have it.
import type { MailboxConfig } from '../../mailbox-settings.ts';
import { createDomainDns } from './domain-check.ts';
import { Domains, type DomainsParts } from './domains.ts';

type Opened = Pick<DomainsParts, 'intake' | 'organization' | 'stopping' | 'clock' | 'random' | 'log'>;

/** What there is of them is known when it resolves, unless the database is out of order. */
export async function openDomains({ config, ...parts }: Opened & { readonly config: MailboxConfig }): Promise<Domains> {
  const { intake, organization, stopping, clock, random, log } = parts;
  const { domain, dns, publicUrl, hostRecords } = config;
  const host = publicUrl === undefined ? '' : new URL(publicUrl).hostname;
  // A CNAME names no address (RFC 1035 §3.3.1).
  const link = host.includes('.') && !/^[\d.]+$/.test(host) ? host : undefined;
  const domains = new Domains({
    ...{ intake, organization, stopping, domain, clock, random, log, dns: createDomainDns(dns) },
    hostRecords: hostRecords && { ...hostRecords, link },
  });
  await domains.load();
  return domains;
}
