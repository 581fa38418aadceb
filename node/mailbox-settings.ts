// The settings of the mailbox. They stand outside of its room, of which nothing is read where there is none.
import { isIP } from 'node:net';
import { parseAnyAddress } from '../mesh/address/identity.ts';
import { isLoopback } from './machine/this-machine.ts';
import {
  type Given,
  type ListenAddress,
  parseListen,
  readCount,
  readList,
  readSwitch,
  type Setting,
} from './setting-values.ts';

export const MAILBOX_SETTINGS: readonly Setting[] = [
  { name: 'mailbox', help: 'keep inboxes for agents, at /v0 (node/mailbox/README.md); unset: there are none' },
  {
    name: 'mailbox-domain',
    takes: 'DOMAIN',
    help: 'the domain of inboxes that are made without one: agents.example.com; unset: each must name its own',
  },
  {
    name: 'mailbox-smtp',
    takes: 'IP:PORT',
    help: 'take mail for inboxes by SMTP at 0.0.0.0:25, say; unset: none is taken there',
  },
  {
    name: 'mailbox-lmtp',
    takes: 'PLACE',
    help: 'take mail from a mail server by LMTP at 127.0.0.1:2400, say, or at a socket of this path; beyond this machine only with --mailbox-trust; unset: none is taken there',
  },
  {
    name: 'mailbox-cert',
    takes: 'FILE',
    help: 'certificate in PEM, with which SMTP offers STARTTLS; with --mailbox-key',
  },
  { name: 'mailbox-key', takes: 'FILE', help: "the certificate's private key in PEM, readable by this user alone" },
  {
    name: 'mailbox-retention',
    takes: 'DAYS',
    help: 'erase mail that is older, 1 to 3650, in inboxes that have set nothing else; unset: it is kept',
  },
  {
    name: 'mailbox-trust',
    takes: 'CIDR,…',
    help: 'gateways in front of this host that are believed: whose mail it is (XFORWARD), and what is spam; unset: nobody',
  },
  {
    name: 'mailbox-authserv',
    takes: 'NAME,…',
    help: 'names under which they write what they found out about a sender (Authentication-Results); unset: it is found out here',
  },
  {
    name: 'mailbox-proxy',
    takes: 'IP,…',
    help: 'proxies in front of SMTP that begin each connection with whose it is (PROXY protocol, version 1); unset: none',
  },
  {
    name: 'mailbox-public-url',
    takes: 'URL',
    help: 'https://mail.example.com, under which this host is reached from everywhere: for links to unsubscribe and pictures that tell that a mail was opened; unset: neither',
  },
  {
    name: 'mailbox-mx',
    takes: 'NAME',
    help: 'the name under which this machine takes mail, which domains of others shall name in their MX records: mx.example.com; unset: no domain can be brought',
  },
  {
    name: 'mailbox-spf',
    takes: 'TEXT',
    help: 'the SPF record that such domains shall have: who sends their mail; unset: v=spf1 mx ~all',
  },
  {
    name: 'mailbox-dns',
    takes: 'IP:PORT,…',
    help: "DNS servers that are asked who may send a mail, and about domains that are brought; unset: the system's",
  },
];

/** Days for which mail is kept at most, where any are set. */
const RETENTION_DAYS_MAX = 3_650;

/** Settings that say something only where there is a mailbox. */
const OF_A_MAILBOX = MAILBOX_SETTINGS.map(({ name }) => name).filter((name) => name !== 'mailbox');

export interface MailboxConfig {
  /** In lower case. */
  readonly domain: string | undefined;
  /** Where mail is taken; absent: nowhere. */
  readonly smtp?: ListenAddress | undefined;
  readonly lmtp?: ListenAddress | { readonly path: string } | undefined;
  /** Paths of files. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
  /** Where this host is reached from everywhere, without a slash at its end. */
  readonly publicUrl?: string | undefined;
  /** Servers as `IP:PORT`; absent: the system's. */
  readonly dns?: readonly string[] | undefined;
  /** Days for which inboxes keep mail that have set nothing; absent: for good. */
  readonly retentionDays?: number | undefined;
  /** Addresses and ranges of gateways that are believed, and the names that they write under, in lower case. */
  readonly trust?: readonly string[];
  readonly authservIds?: readonly string[];
  /** What domains that others bring shall publish: where their mail goes, and who sends it. */
  readonly hostRecords?: { readonly mx: string; readonly spf: string } | undefined;
  /** Addresses of proxies in front of SMTP. */
  readonly proxies?: readonly string[];
}

/** `undefined`: there is no mailbox. */
export function readMailbox(given: Given, mistakes: string[]): MailboxConfig | undefined {
  const isOn = readSwitch('mailbox', given, mistakes);
  const config: MailboxConfig = {
    domain: readDomain(given, mistakes),
    smtp: readPlace('mailbox-smtp', given, mistakes),
    lmtp: readLmtp(given, mistakes),
    certificate: readCertificate(given, mistakes),
    dns: readDns(given, mistakes),
    retentionDays: readRetention(given, mistakes),
    publicUrl: readPublicUrl(given, mistakes),
    hostRecords: readHostRecords(given, mistakes),
    ...readTrust(given, mistakes),
  };
  for (const name of isOn ? [] : OF_A_MAILBOX) {
    const by = given(name)?.by;
    if (by !== undefined) mistakes.push(`${by} has an effect only with --mailbox; add that, or leave this out`);
  }
  return isOn ? config : undefined;
}

function readDomain(given: Given, mistakes: string[]): string | undefined {
  const domain = given('mailbox-domain');
  if (domain === undefined) return undefined;
  const text = domain.text.trim().toLowerCase();
  if (isIP(text) > 0 || !parseAnyAddress(`a@${text}`).valid)
    mistakes.push(`${domain.by} must be a domain, like agents.example.com, not '${domain.text}'`);
  return text;
}

function readPlace(name: string, given: Given, mistakes: string[]): ListenAddress | undefined {
  const value = given(name);
  if (value === undefined) return undefined;
  const place = /:\d{1,5}$/.test(value.text.trim()) ? parseListen(value.text) : undefined;
  if (place === undefined)
    mistakes.push(`${value.by} must be IP:PORT, like 127.0.0.1:2500 or [::1]:2500, not '${value.text}'`);
  return place;
}

/** Whoever hands mail over by LMTP is asked for no certificate and no rate: only this machine and gateways that are trusted may. */
function readLmtp(given: Given, mistakes: string[]): MailboxConfig['lmtp'] {
  const value = given('mailbox-lmtp');
  if (value?.text.trim().includes('/')) return { path: value.text.trim() };
  const place = readPlace('mailbox-lmtp', given, mistakes);
  if (place !== undefined && !isLoopback(place.ip) && given('mailbox-trust') === undefined)
    mistakes.push(
      `${value?.by} must be an address of loopback, like 127.0.0.1:2400, or --mailbox-trust must say who may hand mail over at '${place.ip}'`,
    );
  return place;
}

function readTrust(given: Given, mistakes: string[]): Pick<MailboxConfig, 'trust' | 'authservIds' | 'proxies'> {
  const range = (text: string) => (isRange(text) ? text : undefined);
  const name = (text: string) => (/^[!-~]{1,253}$/.test(text) ? text.toLowerCase() : undefined);
  const address = (text: string) => (isIP(text) > 0 ? text : undefined);
  const trust = readList('mailbox-trust', range, 'addresses or ranges, like 10.0.0.5 or 10.0.0.0/24', given, mistakes);
  const names = readList('mailbox-authserv', name, 'names, like mx.example.com', given, mistakes);
  const by = given('mailbox-authserv')?.by;
  if (by !== undefined && trust.length === 0 && given('mailbox-lmtp')?.text.includes('/') !== true)
    mistakes.push(`${by} has an effect only with --mailbox-trust, which says whose header is read`);
  const proxies = readList('mailbox-proxy', address, 'addresses, like 10.0.0.5', given, mistakes);
  return {
    ...(trust.length === 0 ? {} : { trust }),
    ...(names.length === 0 ? {} : { authservIds: names }),
    ...(proxies.length === 0 ? {} : { proxies }),
  };
}

/** A whole range of addresses, or one: `10.0.0.0/24`, `fd00::5`. */
function isRange(text: string): boolean {
  const [address = '', prefix, ...others] = text.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= bits);
  return isIP(address) > 0 && isPrefix && others.length === 0;
}

function readCertificate(given: Given, mistakes: string[]): MailboxConfig['certificate'] {
  const [cert, key] = [given('mailbox-cert'), given('mailbox-key')];
  if (cert !== undefined && key !== undefined) return { cert: cert.text, key: key.text };
  const alone = cert ?? key;
  if (alone !== undefined) mistakes.push(`${alone.by} needs the other of --mailbox-cert and --mailbox-key beside it`);
  return undefined;
}

function readRetention(given: Given, mistakes: string[]): number | undefined {
  return given('mailbox-retention') && readCount('mailbox-retention', RETENTION_DAYS_MAX, given, mistakes);
}

/** A path may be in front, where a proxy takes it away. */
function readPublicUrl(given: Given, mistakes: string[]): string | undefined {
  const value = given('mailbox-public-url');
  if (value === undefined) return undefined;
  const url = URL.canParse(value.text) ? new URL(value.text) : undefined;
  const isPlain = url !== undefined && url.username + url.password + url.search + url.hash === '';
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
  mistakes.push(`${value.by} must be a URL without a query, like https://mail.example.com, not '${value.text}'`);
  return undefined;
}

function readHostRecords(given: Given, mistakes: string[]): MailboxConfig['hostRecords'] {
  const [mx, spf] = [given('mailbox-mx'), given('mailbox-spf')];
  const name = mx?.text.trim().toLowerCase().replace(/\.$/, '') ?? '';
  if (
    mx !== undefined &&
    (isIP(name) > 0 || !parseAnyAddress(`a@${name}`).valid || !/^[a-z0-9.-]+\.[a-z0-9-]+$/.test(name))
  )
    mistakes.push(`${mx.by} must be the name of a machine, like mx.example.com, not '${mx.text}'`);
  const text = spf?.text.trim() ?? 'v=spf1 mx ~all';
  // RFC 7208 §3.4: no longer than an answer of the DNS has room for.
  if (!/^v=spf1( [\x21-\x7e]+)*$/i.test(text) || text.length > 450)
    mistakes.push(`${spf?.by} must be an SPF record, like 'v=spf1 a:mx.example.com -all', not '${text.slice(0, 100)}'`);
  if (spf !== undefined && mx === undefined) mistakes.push(`${spf.by} has an effect only with --mailbox-mx`);
  return mx === undefined ? undefined : { mx: name, spf: text };
}

function readDns(given: Given, mistakes: string[]): readonly string[] | undefined {
  const value = given('mailbox-dns');
  if (value === undefined) return undefined;
  const servers = value.text.split(',').map((server) => server.trim());
  for (const server of servers.filter((one) => isIP(one) === 0 && parseListen(one) === undefined))
    mistakes.push(`${value.by} must be addresses of DNS servers, like 127.0.0.1:53, not '${server}'`);
  return servers;
}
