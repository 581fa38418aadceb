// A mail that an inbox sends, before anybody is asked to send it: taken apart as those that come in, so that it is read, shown and answered as
// they are, and written down with the inboxes of this host that it is for.
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { withoutTag } from '../inbox.ts';
import type { Delivery } from '../message.ts';
import type { BegunOutgoing, OutgoingDraft } from '../outgoing-mail.ts';
import type { Writer } from '../store/writer.ts';
import { unsubscribeTokenIn } from '../unsubscribe.ts';
import { isAutomated } from './classification.ts';
import { contentOf } from './content.ts';
import type { MailRates } from './mail-rates.ts';
import { spool } from './spool.ts';
import { traceLines } from './trace.ts';

export interface OutgoingMailsParts {
  readonly writer: Pick<Writer, 'files' | 'outgoing'>;
  readonly rates: Pick<MailRates, 'overrun' | 'takeBack'>;
  readonly hostId: string;
}

export class OutgoingMails {
  readonly #parts: OutgoingMailsParts;
  /** Mails that are being written down, by id. */
  readonly #inHand = new Map<string, Promise<BegunOutgoing>>();

  constructor(parts: OutgoingMailsParts) {
    this.#parts = parts;
  }

  /** Rejects when the mail can't be kept. */
  async begin(draft: OutgoingDraft): Promise<BegunOutgoing> {
    const beginning = this.#begin(draft);
    this.#inHand.set(draft.id, beginning);
    try {
      return await beginning;
    } finally {
      this.#inHand.delete(draft.id);
    }
  }

  /** Whether a mail was written down, and is in no inbox yet. */
  async waits(id: string): Promise<boolean> {
    // Whoever began it is told why it failed; here it only matters that it has ended.
    await this.#inHand.get(id)?.catch(() => undefined);
    return this.#parts.writer.outgoing.waits(id);
  }

  async #begin(draft: OutgoingDraft): Promise<BegunOutgoing> {
    const { rates } = this.#parts;
    const overrun = rates.overrun(draft.localIds);
    if (overrun !== undefined) return { outcome: 'overrun', ...overrun };
    let isBegun = false;
    try {
      const begun = await writtenDown(draft, this.#parts);
      isBegun = begun.outcome === 'begun';
      return begun;
    } finally {
      if (!isBegun) rates.takeBack(draft.localIds);
    }
  }
}

async function writtenDown(
  { octets, ...draft }: OutgoingDraft,
  { writer, hostId }: OutgoingMailsParts,
): Promise<BegunOutgoing> {
  const { inboxId, atMs, localIds, labels, bcc, threadId, recipients, tracksOpens } = draft;
  const tokens = new Map(recipients.flatMap((one) => tokenFor(one)));
  const mail = await spool('path' in octets ? createReadStream(octets.path) : once(octets), writer.files);
  try {
    const { headers } = mail.structure;
    const content = contentOf(mail.structure, hostId);
    if (mail.path !== undefined) await writer.files.keep(mail.path, mail.rawDigest);
    return await writer.outgoing.begin(draft, {
      raw: { digest: mail.rawDigest, size: mail.size, content: mail.content },
      ...{ digest: mail.digest, content, receivedAtMs: atMs, bcc, ownLabels: labels, threadId, tracksOpens },
      labels: isAutomated(headers, inboxId) ? ['automated'] : [],
      deliveries: localIds.map((to) => ({
        ...deliveryOf(to, { from: inboxId, hostId, atMs }),
        unsubscribeToken: tokens.get(to.toLowerCase()),
      })),
    });
  } finally {
    // A mail that was kept has another name by now.
    if (mail.path !== undefined) await rm(mail.path, { force: true });
  }
}

/** The inbox that an address is of, in lower case, with what stands there for asking for no more mail. */
function tokenFor(address: string): readonly (readonly [inbox: string, token: string])[] {
  const [inbox, token] = [withoutTag(address)?.toLowerCase(), unsubscribeTokenIn(address)];
  return inbox === undefined || token === undefined ? [] : [[inbox, token]];
}

/** Whether the sender is who he says is answered by this host itself, which has the inbox: no record of the DNS is asked. */
const INTERNAL = { spf: 'none', dkim: 'none', dmarc: 'pass' } as const;

function deliveryOf(
  to: string,
  mail: { readonly from: string; readonly hostId: string; readonly atMs: number },
): Delivery {
  const { from, hostId, atMs } = mail;
  const fromDomain = from.slice(from.lastIndexOf('@') + 1);
  return {
    inboxId: to,
    trace: traceLines({
      ...{ hostId, inboxId: to, mailFrom: from, helo: hostId, protocol: 'HTTP' },
      ...{ authentication: INTERNAL, fromDomain, receivedAtMs: atMs },
    }),
    ...{ mailClass: 'received', authentication: INTERNAL, isAuthenticated: true },
  };
}

async function* once(octets: Uint8Array): AsyncIterable<Buffer> {
  yield Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}
