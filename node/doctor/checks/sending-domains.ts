// Whether receivers can tell mail of the domains that are sent as from a forgery: SPF (RFC 7208), the keys of DKIM that this host signs with
// (RFC 6376), DMARC (RFC 7489). It does not see through which addresses a mail server of an account sends, so neither whether SPF names those, nor
// whether they have a name in the DNS (PTR): that is the operator's of that server.
import { createPublicKey } from 'node:crypto';
import { MeshError } from '../../../mesh/errors.ts';
import type { DkimKey, SendConfig } from '../../send/account.ts';
import { DnsFailure, type Resolver } from '../../validation/deliverability.ts';
import type { Examination } from '../examination.ts';
import { type Finding, word } from '../fault.ts';

const CHECK = 'sending-domains';

export async function checkSendingDomains(examination: Examination): Promise<readonly Finding[]> {
  const { dns } = examination;
  const { accounts, internalDomains } = sendConfigOf(examination);
  const inbox = examination.config.mailbox?.domain;
  const named = accounts.flatMap(({ senders }) => senders.map((sender) => sender.slice(sender.lastIndexOf('@') + 1)));
  const isOpen = accounts.some(({ senders }) => senders.length === 0);
  const keys = accounts.flatMap(({ dkim }) => dkim ?? []);
  const all = [...named, ...(isOpen && inbox !== undefined ? [inbox] : []), ...keys.map(({ domain }) => domain)];
  const isInternal = (domain: string) => internalDomains.some((one) => domain === one || domain.endsWith(`.${one}`));
  const domains = [...new Set(all)].filter((domain) => !isInternal(domain));
  const findings = await Promise.all([
    ...domains.flatMap((domain) => [spf(domain, dns), dmarc(domain, dns)]),
    ...keys.filter(({ domain }) => !isInternal(domain)).map((key) => dkim(key, dns)),
  ]);
  return findings.flatMap((finding) => finding ?? []);
}

/** An accounts file that can't be read is told of by the check of the accounts. */
function sendConfigOf({ send }: Examination): Pick<SendConfig, 'accounts' | 'internalDomains'> {
  try {
    return send();
  } catch (error) {
    if (error instanceof MeshError) return { accounts: [], internalDomains: [] };
    throw error;
  }
}

/** The texts at that name; `undefined` when the DNS does not answer. */
async function textsAt(name: string, dns: Pick<Resolver, 'txt'>): Promise<readonly string[] | undefined> {
  try {
    return await dns.txt(name);
  } catch (error) {
    if (!(error instanceof DnsFailure)) throw error;
    return error.kind === 'absent' ? [] : undefined;
  }
}

async function spf(domain: string, dns: Resolver): Promise<Finding | undefined> {
  const texts = await textsAt(domain, dns);
  if (texts === undefined) return unknown(domain, 'which servers may send as it');
  const records = texts.filter((text) => /^v=spf1(?: |$)/i.test(text));
  if (records.length === 1) return undefined;
  const what =
    records.length === 0
      ? `The DNS does not say which servers may send as '${domain}' (SPF).`
      : `The DNS says ${records.length} times which servers may send as '${domain}' (SPF), where it may be said once (RFC 7208 section 4.5).`;
  const record = `"${domain}. TXT "v=spf1 include:NAME ~all"" with the NAME that the operator of your mail server tells`;
  return {
    ...{ check: CHECK, what, meaning: UNPROVEN, mend: mendOf(domain) },
    where:
      records.length === 0
        ? `anywhere, once who keeps that zone has added ${record}`
        : 'anywhere, once who keeps that zone has made one record of all of them',
  };
}

/** A domain without a record goes by that of a domain above it. */
async function dmarc(domain: string, dns: Resolver): Promise<Finding | undefined> {
  const labels = domain.split('.');
  for (let at = 0; at < Math.max(1, labels.length - 1); at += 1) {
    const name = `_dmarc.${labels.slice(at).join('.')}`;
    const texts = await textsAt(name, dns);
    if (texts === undefined) return unknown(name, `what becomes of mail that only pretends to be from '${domain}'`);
    const records = texts.filter((text) => /^v=DMARC1\s*(?:;|$)/i.test(text));
    if (records.length === 0) continue;
    if (records.length === 1 && /;\s*p\s*=\s*(?:none|quarantine|reject)\s*(?:;|$)/i.test(records[0] ?? ''))
      return undefined;
    return withoutDmarc(
      domain,
      name,
      `The policy at ${name} (DMARC) can't be read: ${records.join(' | ').slice(0, 200)}.`,
    );
  }
  return withoutDmarc(
    domain,
    `_dmarc.${domain}`,
    `The DNS does not say what becomes of mail that only pretends to be from '${domain}' (DMARC).`,
  );
}

function withoutDmarc(domain: string, name: string, what: string): Finding {
  return {
    ...{ check: CHECK, what, meaning: UNPROVEN, mend: mendOf(name) },
    where: `anywhere, once who keeps that zone has added "${name}. TXT "v=DMARC1; p=none; rua=mailto:postmaster@${domain}"", and later p=quarantine, once the reports show that your own mail passes`,
  };
}

async function dkim({ domain, selector, privateKey }: DkimKey, dns: Resolver): Promise<Finding | undefined> {
  const name = `${selector}._domainkey.${domain}`;
  const texts = await textsAt(name, dns);
  if (texts === undefined) return unknown(name, 'the key that mail is signed with');
  const key = createPublicKey(privateKey.reveal()).export({ type: 'spki', format: 'der' }).toString('base64');
  const told = texts.map((text) => /(?:^|;)\s*p\s*=([^;]*)/i.exec(text)?.[1]?.replace(/\s/g, ''));
  if (told.length === 1 && told[0] === key) return undefined;
  const why =
    told.length === 0
      ? `The DNS has no key at ${name}, with which this host signs mail (DKIM).`
      : `The DNS has another key at ${name} than the one with which this host signs mail (DKIM).`;
  return {
    ...{ check: CHECK, what: why, mend: mendOf(name) },
    meaning: 'Each signature of that mail is found invalid, which is worse than none.',
    where: `anywhere, once who keeps that zone has this one record there: "${name}. TXT "v=DKIM1; k=rsa; p=${key}""`,
  };
}

function mendOf(name: string): string {
  return `dig +short TXT ${word(name)}`;
}

const UNPROVEN = 'Receivers can not tell your mail from a forgery: much of it will be taken for spam, or refused.';

function unknown(name: string, what: string): Finding {
  return {
    check: CHECK,
    what: `The DNS does not answer for '${name}', ${what}.`,
    meaning: 'Whether receivers can tell your mail from a forgery can not be told now.',
    mend: mendOf(name),
    where: 'here: it must end without a time-out; the servers are those of /etc/resolv.conf, or of MESH_MAILBOX_DNS',
  };
}
