// The send module as its routes ask it: who may send as what is decided here, and the queue does the rest.
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { NewUuid } from '../../mesh/uuid.ts';
import type { Log } from '../log.ts';
import type { Erasures } from '../store/erasures.ts';
import type { Account, DkimFor, SendConfig } from './account.ts';
import { PRESETS } from './accounts/presets.ts';
import type { BlobStore, NewBlob } from './attachments/blob-store.ts';
import { BounceReader } from './bounces/bounce-reader.ts';
import type { BounceReport } from './bounces/bounce-report.ts';
import type { Suppressions } from './bounces/suppressions.ts';
import { explanationOf } from './explanation.ts';
import { LOG_PAGE_MAX } from './log-page.ts';
import type { Mailer } from './mailer.ts';
import { isFinal, type Message } from './message.ts';
import { forgetFrom } from './queue/forgotten-mail.ts';
import type { Queue } from './queue/queue.ts';
import { buildContent, recipientsOf } from './request/content.ts';
import { type AgentsOfHost, ownerOf, prepare } from './request/sending-agent.ts';
import { ReturnedMail } from './returned-mail.ts';
import type { SendContext, Sending, Submission } from './send-service.ts';
import { envelopeAddress } from './smtp/composer.ts';
import { keepTidy } from './upkeep.ts';

/** `wait=true` is answered with what is known by then. */
const WAIT_MS_MAX = 29 * 1_000;

export interface QueueServiceParts extends AgentsOfHost {
  readonly config: SendConfig;
  readonly dkimFor?: DkimFor | undefined;
  readonly mailer: Pick<Mailer, 'close'>;
  readonly suppressions: Suppressions;
  readonly queue: Queue;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly newUuid: NewUuid;
  /** Takes out of what others are told of mail from an address what it said, and whom it was for. */
  readonly redactMail: (from: string) => Promise<void>;
  readonly erasures: Pick<Erasures, 'erase' | 'run'>;
}

export interface SendModule extends Sending {
  /** Sends what is due, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
  /** How many messages are in each state. */
  counts(): ReturnType<Queue['counts']>;
}

/** The module over its queue: what the routes ask, and what goes on in the background. */
export class QueueService implements SendModule {
  readonly suppressions: Suppressions;
  readonly #parts: QueueServiceParts;
  readonly #bounces: BounceReader;
  readonly #returned: ReturnedMail;

  constructor(parts: QueueServiceParts) {
    this.#parts = parts;
    this.#bounces = new BounceReader(parts);
    this.#returned = new ReturnedMail(parts);
    this.suppressions = parts.suppressions;
  }

  refuseUnconfigured(): void {
    if (this.#parts.config.accounts.length > 0) return;
    throw new MeshError(
      'sending_not_configured',
      'This node has no account to send mail through. Set MESH_SEND_ACCOUNTS (or --send-accounts) to a file of accounts, or MESH_SMTP_URL to one, and start it again.',
    );
  }

  async send(value: unknown, context: SendContext) {
    this.refuseUnconfigured();
    const { request, agent, from } = prepare(this.#parts, value, context);
    const { queue, newUuid, blobs } = this.#parts;
    const id = newUuid();
    for (const { blob } of request.attachments) await blobs.touch(blob);
    const domain = envelopeAddress(from.address).address.split('@').at(-1) ?? 'localhost';
    const content = buildContent(request, { from, messageId: `<${id}@${domain}>` });
    const key = request.idempotencyKey;
    const { message, isNew } = await queue.accept({
      id,
      agentId: agent.id,
      agentName: agent.name,
      content,
      recipients: recipientsOf(request),
      sendAtMs: request.sendAtMs,
      lifetimeMs: request.lifetimeMs,
      idempotency: key === undefined ? undefined : { key, fingerprint: request.fingerprint() },
      waitMsMax: request.wait ? 0 : undefined,
    });
    if (!request.wait || isFinal(message.state)) return { message, isNew, waited: request.wait };
    return { message: await queue.waitFor(message.id, WAIT_MS_MAX, context.signal), isNew, waited: true };
  }

  async submit({ id, content, addresses, waitMsMax }: Submission): Promise<Message> {
    const { queue, blobs } = this.#parts;
    const known = queue.get(id);
    if (known !== undefined) return known;
    this.refuseUnconfigured();
    const agent = ownerOf(this.#parts, content.from.address);
    for (const { blob } of content.attachments) await blobs.touch(blob);
    const { message } = await queue.accept({
      ...{ id, agentId: agent.id, agentName: agent.name, content, waitMsMax },
      recipients: recipientsOf(content).filter(({ address }) => addresses.includes(address)),
      ...{ sendAtMs: undefined, lifetimeMs: undefined },
      // While the first one is still being written, nothing but its key tells the second that it is there.
      idempotency: { key: id, fingerprint: id },
    });
    return message;
  }

  async explain(value: unknown, context: SendContext): Promise<Readonly<Record<string, unknown>>> {
    this.refuseUnconfigured();
    const { queue, ...parts } = this.#parts;
    return explanationOf(prepare(this.#parts, value, context), { ...parts, accounts: queue.accounts });
  }

  get(id: string) {
    const message = this.#parts.queue.get(id);
    return message === undefined ? undefined : this.#parts.queue.whyWaiting(message);
  }

  list(query: Parameters<Sending['list']>[0]) {
    const { queue } = this.#parts;
    const { messages, ...rest } = queue.list({ ...query, limit: Math.min(query.limit, LOG_PAGE_MAX) });
    return { ...rest, messages: messages.map((message) => queue.whyWaiting(message)) };
  }

  cancel(id: string) {
    return this.#parts.queue.cancel(id);
  }

  resend(id: string) {
    this.refuseUnconfigured();
    return this.#parts.queue.resend(id);
  }

  async letGo(id: string) {
    const { queue, blobs } = this.#parts;
    const before = queue.get(id);
    const message = await queue.letGo(id);
    // It wanted them when it was accepted, a moment before it was made.
    const sinceMs = Date.parse(message.createdAt);
    for (const blob of before?.blobs ?? []) await blobs.release(blob, sinceMs, (one) => queue.blobs.needs(one));
    return message;
  }

  providers(): Readonly<Record<string, unknown>> {
    const { config, queue } = this.#parts;
    return {
      providers: PRESETS,
      accounts: config.accounts.map((account) => ({
        ...shownOf(account),
        ...queue.accounts.health(account.id),
        sentLastHour: queue.accounts.sentLastHour(account.id),
      })),
    };
  }

  readBounce(raw: Uint8Array) {
    return this.#bounces.read(raw);
  }

  bounced(report: BounceReport) {
    return this.#returned.receive(report);
  }

  putBlob(octets: AsyncIterable<Uint8Array>, blob: NewBlob) {
    return this.#parts.blobs.put(octets, blob);
  }

  forgoBlob(blob: string) {
    const { blobs, queue } = this.#parts;
    return blobs.forgo(blob, (one) => queue.blobs.needs(one));
  }

  async forgetFrom(address: string): Promise<void> {
    const { queue, blobs, clock, redactMail, erasures } = this.#parts;
    const forgotten = await forgetFrom(address, queue, clock);
    // Each was put once for it: what somebody else has put too stays.
    for (const blob of forgotten.flatMap(({ blobs: needed }) => needed))
      await blobs.forgo(blob, (one) => queue.blobs.needs(one));
    await redactMail(address);
    await erasures.erase();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { queue, erasures } = this.#parts;
    await Promise.all([queue.run(signal), keepTidy(this.#parts, signal), erasures.run(signal)]);
  }

  close(): Promise<void> {
    return this.#parts.mailer.close();
  }

  counts() {
    return this.#parts.queue.counts();
  }
}

/** An account without anything secret. */
function shownOf({ id, preset, host, port, security, auth, senders, connectionsMax, ratePerHour, dkim }: Account) {
  return {
    id,
    preset: preset ?? null,
    host,
    port,
    security,
    auth: auth?.kind ?? 'none',
    senders,
    connectionsMax,
    ratePerHour,
    dkim: dkim === undefined ? null : { domain: dkim.domain, selector: dkim.selector },
  };
}
