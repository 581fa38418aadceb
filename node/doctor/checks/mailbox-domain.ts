// Whether mail for the domain of this host's inboxes finds a mail server by the DNS. Without one, it comes from nowhere but this network.
import { checkDeliverability, DnsFailure, type Resolver } from '../../validation/deliverability.ts';
import type { Examination } from '../examination.ts';
import type { Finding } from '../fault.ts';

const CHECK = 'mailbox-domain';

export async function checkMailboxDomain({ config, dns }: Examination): Promise<readonly Finding[]> {
  const { domain, smtp, lmtp } = config.mailbox ?? {};
  if (domain === undefined || (smtp ?? lmtp) === undefined) return [];
  const found = await checkDeliverability(domain, domain, dns);
  if (found.deliverable === 'unknown') return [unknown(domain)];
  if (!found.deliverable) return [nobody(domain, found.error)];
  const lost = await Promise.all(found.mx.map(([, host]) => isLost(host, dns)));
  const names = found.mx.flatMap(([, host], at) => (lost[at] ? [host] : []));
  if (names.length === 0 || names.length < found.mx.length) return [];
  return [nobody(domain, `The DNS names ${names.join(', ')} for it, which has no address.`)];
}

/** Whether a mail server has no address for sure. */
async function isLost(host: string, dns: Pick<Resolver, 'a' | 'aaaa'>): Promise<boolean> {
  try {
    return (await dns.a(host)).length + (await dns.aaaa(host)).length === 0;
  } catch (error) {
    if (error instanceof DnsFailure) return error.kind === 'absent';
    throw error;
  }
}

function nobody(domain: string, why: string): Finding {
  return {
    check: CHECK,
    what: `Nobody takes mail for '${domain}', the domain of inboxes here: ${why}`,
    meaning:
      'Whoever writes to an inbox from elsewhere gets the mail back; programs of this network may still hand it in.',
    mend: `dig +short MX ${domain}`,
    where: `anywhere, once who keeps that zone has added "${domain}. MX 10 NAME." with the name of the mail server in front, or of this machine where it listens on port 25 itself`,
  };
}

function unknown(domain: string): Finding {
  return {
    check: CHECK,
    what: `Who takes mail for '${domain}', the domain of inboxes here, can't be told: the DNS does not answer.`,
    meaning:
      'While it does not answer, mail that comes in is told to come again, for nobody knows who may have sent it.',
    mend: `dig +short MX ${domain}`,
    where: 'here: it must end without a time-out; the servers are those of /etc/resolv.conf, or of MESH_MAILBOX_DNS',
  };
}
