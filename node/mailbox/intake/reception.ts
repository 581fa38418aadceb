// One mail from its first octet to the answer: spooled, taken apart, judged, classified, and kept in all its inboxes at once. Who handed it
// over is told that it was taken only when it is on the disk.
import { rm } from 'node:fs/promises';
import type { Clock } from '../../../mesh/ports.ts';
import { type Delivery, MAIL_BYTES_MAX, type ReceivedMail, type StoredDelivery } from '../message.ts';
import type { Writer } from '../store/writer.ts';
import { isAutomated, isLooping, isMarkedSpam, mailClassOf } from './classification.ts';
import { contentOf } from './content.ts';
import { gatewayVerdict } from './gateway-verdict.ts';
import { reportIn } from './reports.ts';
import type { KnownKeys } from './signatures.ts';
import { type SpooledMail, spool } from './spool.ts';
import { traceLines } from './trace.ts';
import { inDns, type Resolve, type Verdict, verdictOn } from './verdict.ts';

export interface Envelope {
  /** Empty: the null sender. */
  readonly mailFrom: string;
  /** Inboxes of this host, each once. */
  readonly inboxIds: readonly string[];
  /** What stands in the addresses for asking for no more mail, by inbox. */
  readonly unsubscribeTokens: ReadonlyMap<string, string>;
  /** The address of whoever sent it; absent when only a machine in between is known. */
  readonly ip?: string | undefined;
  readonly helo?: string | undefined;
  /** Name for the Received field. */
  readonly protocol: string;
  /** A machine that is believed handed it over: what it wrote into the header holds. */
  readonly isTrusted: boolean;
  /** One answer for all recipients: either all of them get it or nobody. */
  readonly isAllOrNone: boolean;
}

/**
 * `stored` and `duplicate`: it lies in the inbox. `looping`: it was there before. `forged`: its domain wants it refused, and so does the inbox.
 * `gone`: there is no such inbox any more.
 */
interface Fate extends Pick<StoredDelivery, 'messageId' | 'mailClass'> {
  readonly status: StoredDelivery['status'] | 'looping' | 'forged';
}

/** `temporary`: nobody can say now who sent it. */
export type Received =
  | { readonly outcome: 'taken'; readonly fates: ReadonlyMap<string, Fate> }
  | { readonly outcome: 'too-large' | 'temporary' };

export interface ReceptionParts {
  readonly writer: Pick<Writer, 'files' | 'store' | 'findInbox'>;
  readonly resolve: Resolve;
  /** Keys of signatures of mails before; absent: none are known. */
  readonly keys?: KnownKeys | undefined;
  readonly clock: Clock;
  readonly hostId: string;
  /** Names under which gateways write what they found out about a mail, in lower case. */
  readonly authservIds: readonly string[];
}

/** Rejects when the mail did not come whole, or could not be kept. */
export async function receive(
  octets: AsyncIterable<Buffer>,
  envelope: Envelope,
  parts: ReceptionParts,
): Promise<Received> {
  const mail = await spool(withinSize(octets), parts.writer.files);
  try {
    if (mail.size > MAIL_BYTES_MAX) return { outcome: 'too-large' };
    const verdict = await judged(mail, envelope, parts);
    if (verdict.isTemporary) return { outcome: 'temporary' };
    return { outcome: 'taken', fates: await keep(mail, envelope, verdict, parts) };
  } finally {
    // A mail that was kept has another name by now.
    if (mail.path !== undefined) await rm(mail.path, { force: true });
  }
}

/** What is beyond the bound is read, for the other side sends it anyway, and left out. */
async function* withinSize(octets: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let size = 0;
  for await (const piece of octets) {
    if (size <= MAIL_BYTES_MAX) yield piece;
    size += piece.length;
  }
}

async function judged(mail: SpooledMail, envelope: Envelope, parts: ReceptionParts): Promise<Verdict> {
  const { header, headers } = mail.structure;
  if (header.length === 0) return NOBODY;
  const { mailFrom, ip, helo, isTrusted } = envelope;
  const told = isTrusted ? gatewayVerdict(headers, parts.authservIds) : undefined;
  if (told !== undefined) return told;
  return verdictOn({ header, body: () => mail.body(), mailFrom, ip, helo }, parts);
}

/** On a mail that does not say whom it is from. */
const NOBODY: Verdict = {
  authentication: { spf: 'none', dkim: 'none', dmarc: 'none' },
  ...{ isAuthenticated: false, isTemporary: false },
};

async function keep(
  mail: SpooledMail,
  envelope: Envelope,
  verdict: Verdict,
  { writer, clock, hostId }: ReceptionParts,
): Promise<ReadonlyMap<string, Fate>> {
  const { headers, malformed } = mail.structure;
  const receivedAtMs = clock.wallMs();
  const { authentication, fromDomain } = verdict;
  const content = contentOf(mail.structure, hostId);
  const isAuthenticated = verdict.isAuthenticated && isAt(fromDomain, content.fromAddress);
  const { inboxIds, isAllOrNone } = envelope;
  const fates = new Map<string, Fate>();
  const deliveries: Delivery[] = [];
  const refusedBy = (inboxId: string) => {
    if (isLooping(headers, inboxId)) return 'looping' as const;
    return verdict.isToBeRefused && writer.findInbox(inboxId)?.dmarc === 'reject' ? ('forged' as const) : undefined;
  };
  for (const inboxId of inboxIds) {
    const status = refusedBy(inboxId);
    if (status !== undefined && isAllOrNone) return new Map(inboxIds.map((one) => [one, { status }]));
    if (status !== undefined) fates.set(inboxId, { status });
    else {
      const trace = traceLines({ ...envelope, hostId, inboxId, authentication, fromDomain, receivedAtMs });
      const mailClass = mailClassOf({ isMarkedSpam: envelope.isTrusted && isMarkedSpam(headers), isAuthenticated });
      const unsubscribeToken = envelope.unsubscribeTokens.get(inboxId);
      deliveries.push({ inboxId, trace, mailClass, authentication, isAuthenticated, unsubscribeToken });
    }
  }
  if (deliveries.length === 0) return fates;
  if (mail.path !== undefined) await writer.files.keep(mail.path, mail.rawDigest);
  const automated = isAutomated(headers, envelope.mailFrom);
  const received: ReceivedMail = {
    raw: { digest: mail.rawDigest, size: mail.size, content: mail.content },
    digest: mail.digest,
    content,
    labels: [...(automated ? ['automated'] : []), ...(malformed === undefined ? [] : ['malformed'])],
    report: reportIn(mail.structure, envelope.mailFrom),
    ...{ receivedAtMs, deliveries, isAllOrNone },
  };
  for (const { inboxId, ...fate } of await writer.store(received)) fates.set(inboxId, fate);
  return fates;
}

/** Whether the address that everybody is shown is of the domain that was answered for: two programs have read it in the header. */
function isAt(domain: string | undefined, address: string | undefined): boolean {
  if (domain === undefined || address === undefined) return false;
  return inDns(address.slice(address.lastIndexOf('@') + 1)) === inDns(domain);
}
