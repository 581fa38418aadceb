// Whether a mail is from whom it says, by SPF, DKIM and DMARC (RFC 7208, 6376, 9989). The checks are mailauth's, by its single parts: its main
// entry would also fetch pictures from addresses that the mail names. What is asked of the DNS for one mail is bounded here.
import { dmarc } from 'mailauth/lib/dmarc/index.js';
import { spf } from 'mailauth/lib/spf/index.js';
import { getAlignment, parseHeaders, toALabel } from 'mailauth/lib/tools.js';
import type { Clock } from '../../../mesh/ports.ts';
import { withinMs } from '../../../mesh/time/deadline.ts';
import type { Authentication } from '../message.ts';
import { type KnownKeys, type SignedMail, signaturesOf } from './signatures.ts';

/** Milliseconds for all questions about one mail: a client waits for the answer to its last line for minutes (RFC 5321 §4.5.3.2.6). */
const VERDICT_MS_MAX = 10_000;
/** Signatures that are looked at, from the top. Honest mail has one to three, and each costs a question and a public key. */
const SIGNATURES_MAX = 5;
const QUESTIONS_MAX = 60;

/** Records of a name, as `resolve` of node:dns/promises. Rejects with its codes; `ENOTFOUND` and `ENODATA` are answers. */
export type Resolve = (name: string, type: string) => Promise<string[] | string[][]>;

export interface Verdict {
  readonly authentication: Authentication;
  /** DMARC passes; or its domain asks for none, and SPF or DKIM passes for that very domain or one below or above it. */
  readonly isAuthenticated: boolean;
  /** The DNS gave no answer that could be relied on: the same mail may get another verdict later. */
  readonly isTemporary: boolean;
  /** DMARC fails, and the domain wants such mail refused. Only where the sender's machine is known, without which SPF can't pass. */
  readonly isToBeRefused?: true | undefined;
  /** Absent when the mail is from no domain, or from several. */
  readonly fromDomain?: string | undefined;
}

export interface JudgedMail {
  /** The header, with the empty line that ends it. */
  readonly header: Buffer;
  body(): AsyncIterable<Buffer> | Iterable<Buffer>;
  /** Empty: the null sender. */
  readonly mailFrom: string;
  /** The address of the sender's connection; absent when nobody knows: then SPF says nothing. */
  readonly ip?: string | undefined;
  readonly helo?: string | undefined;
}

export interface VerdictPorts {
  readonly resolve: Resolve;
  /** Keys of mails before; absent: none are known. */
  readonly keys?: KnownKeys | undefined;
  readonly clock: Clock;
  readonly hostId: string;
}

/** Never rejects: what can't be found out is `temperror`. */
export async function verdictOn(mail: JudgedMail, ports: VerdictPorts): Promise<Verdict> {
  try {
    return await withinMs(
      ports.clock,
      VERDICT_MS_MAX,
      judge(mail, { ...ports, resolve: bounded(ports.resolve) }),
      UNKNOWN,
    );
  } catch {
    // What mailauth can't read is no evidence for anybody.
    return FORGED;
  }
}

const UNKNOWN: Verdict = {
  authentication: { spf: 'temperror', dkim: 'temperror', dmarc: 'temperror' },
  ...{ isAuthenticated: false, isTemporary: true },
};
const FORGED: Verdict = {
  authentication: { spf: 'permerror', dkim: 'permerror', dmarc: 'permerror' },
  ...{ isAuthenticated: false, isTemporary: false },
};

async function judge(mail: JudgedMail, { resolve: resolver, keys, hostId }: VerdictPorts): Promise<Verdict> {
  const { mailFrom, ip, helo } = mail;
  const [signed, sent] = await Promise.all([
    signaturesOf(signedPart(mail), { resolver, known: keys ?? new WeakMap() }),
    ip === undefined ? undefined : spf({ sender: mailFrom, ip, helo: helo ?? `[${ip}]`, mta: hostId, resolver }),
  ]);
  const passing = signed.results.filter((signature) => wordOf(signature) === 'pass');
  const spfDomains = sent?.status.result === 'pass' && sent.domain ? [sent.domain] : [];
  const dkimDomains = passing.map(({ id, signingDomain, status }) => ({
    id,
    domain: signingDomain,
    aligned: status.aligned,
  }));
  const policy = await dmarc({
    ...{ headerFrom: signed.headerFrom, fromFields: signed.fromFields, spfDomains, resolver },
    dkimDomains: dkimDomains as never,
  });
  const words: Authentication = {
    spf: sent?.status.result ?? 'none',
    dkim: passing.length > 0 ? 'pass' : wordOf(signed.results[0]),
    dmarc: policy === false ? 'permerror' : policy.status.result,
  };
  const fromDomain = policy === false ? undefined : policy.status.header?.from;
  const domains = [...spfDomains, ...dkimDomains.map(({ domain }) => domain)];
  const isOwn = fromDomain !== undefined && domains.some((domain) => isRelated(domain ?? '', fromDomain));
  return {
    authentication: words,
    isAuthenticated: words.dmarc === 'pass' || (words.dmarc === 'none' && isOwn),
    isTemporary: words.dmarc !== 'pass' && Object.values(words).includes('temperror'),
    ...(ip !== undefined && words.dmarc === 'fail' && policy !== false && policy.policy === 'reject'
      ? { isToBeRefused: true }
      : {}),
    fromDomain,
  };
}

/**
 * What a signature says of a mail. One that speaks of the beginning of the body alone (`l=`) is not believed where there is more of it: anybody who got
 * the mail could send it on with words of his own below, or in the place of the others (RFC 6376 §8.2).
 */
function wordOf(signature: Pick<Signed['results'][number], 'status'> | undefined): string {
  const { result = 'none', underSized = 0 } = signature?.status ?? {};
  return result === 'pass' && underSized > 0 ? 'policy' : result;
}

/** `a.x.com` and `x.com`, either way; not where anybody gets a name below the other, as below `github.io` (RFC 9989 §3.2.10.1). */
export function isRelated(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  if (a === '' || b === '') return false;
  return a === b || ((a.endsWith(`.${b}`) || b.endsWith(`.${a}`)) && getAlignment(a, [b]) !== false);
}

/** A domain in the letters of the DNS, in lower case. */
export function inDns(domain: string): string {
  return toALabel(domain).toLowerCase().replace(/\.$/, '');
}

type Signed = Awaited<ReturnType<typeof signaturesOf>>;

/** What has to be looked at. */
function signedPart({ header, body, mailFrom: sender }: JudgedMail): SignedMail {
  // Nothing but a signature speaks of other fields than From, and of what follows the header.
  if (!SIGNATURE.test(header.toString('latin1'))) return { header: fromFields(header), body: [], sender };
  return { header: withFewSignatures(header), body: body(), sender };
}

/** The fields that say whom the mail is from, as mailauth reads them: it looks at each octet of a header several times. */
function fromFields(header: Buffer): Buffer {
  const fields = parseHeaders(header).parsed.filter(({ key }) => key === 'from');
  return Buffer.concat([...fields.flatMap(({ line }) => [line, CRLF]), CRLF]);
}

const CRLF = Buffer.from('\r\n');

const SIGNATURE = /(?:dkim|arc-message)-signature/i;

/** The header without the signatures that are too many. */
function withFewSignatures(header: Buffer): Buffer {
  const fields = header.toString('latin1').split(/(?<=\n)(?![ \t])/);
  let signatures = 0;
  const kept = fields.filter((field) => !/^dkim-signature[ \t]*:/i.test(field) || ++signatures <= SIGNATURES_MAX);
  return signatures <= SIGNATURES_MAX ? header : Buffer.from(kept.join(''), 'latin1');
}

function bounded(resolve: Resolve): Resolve {
  let asked = 0;
  return async (name, type) => {
    if (++asked > QUESTIONS_MAX)
      throw Object.assign(new Error('Too many questions for one mail.'), { code: 'ENODATA' });
    return resolve(name, type);
  };
}
