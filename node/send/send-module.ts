// The send module put together: who may send as what, the queue, the mailer, and everything the routes ask of them.
import { MeshError } from '../../mesh/errors.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import { type NewUuid, uuidsFrom } from '../../mesh/uuid.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { AccessTokens, type PostForm } from './accounts/access-tokens.ts';
import type { Account, SendConfig } from './accounts/account.ts';
import { PRESETS } from './accounts/presets.ts';
import type { BlobStore, NewBlob } from './attachments/blob-store.ts';
import type { BounceReport } from './bounces/bounce-report.ts';
import { NotificationReader } from './bounces/notification-reader.ts';
import { Suppressions } from './bounces/suppressions.ts';
import { LOG_PAGE_MAX, WAIT_MS_MAX } from './limits.ts';
import type { Mailer } from './mailer.ts';
import { isFinal } from './message.ts';
import { Queue } from './queue/queue.ts';
import type { QueueOptions } from './queue/queue-options.ts';
import { buildContent, recipientsOf } from './request/request.ts';
import { type AgentsOfHost, prepare, whyNotAs } from './request/sending-agent.ts';
import { ReturnedMail } from './returned-mail.ts';
import type { SendContext, Sending } from './send-service.ts';
import { envelopeAddress } from './smtp/composer.ts';
import type { SocketTo } from './smtp/smtp-connection.ts';
import { SmtpMailer } from './smtp/smtp-mailer.ts';

export interface SendingPorts extends AgentsOfHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly blobs: BlobStore;
  readonly post: PostForm;
  readonly tell: QueueOptions['tell'];
  readonly socketTo: SocketTo;
  /** Other than over SMTP only in tests. */
  readonly mailer?: Mailer;
}

export interface SendModule extends Sending {
  /** Sends what is due, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** How often what ended long ago is looked for. */
const TRIM_INTERVAL_MS = 10 * 60 * 1_000;

export async function openSending(config: SendConfig, ports: SendingPorts): Promise<SendModule> {
  const { store, clock, random, log, blobs } = ports;
  const tokens = new AccessTokens(ports.post, clock);
  const mailer =
    ports.mailer ??
    new SmtpMailer({
      clock,
      log,
      socketTo: ports.socketTo,
      open: ({ blob }) => blobs.read(blob),
      secretOf: (account) => tokens.secretOf(account),
      secretRefused: (account) => tokens.refused(account),
    });
  const suppressions = await Suppressions.open(store, clock);
  const queue = await Queue.open({
    store,
    tell: ports.tell,
    mailer,
    config,
    suppressions,
    whyNotAs: whyNotAs(ports),
    clock,
    random,
    log,
  });
  blobs.tellUseBy(() => queue.blobs.describe((blob) => blobs.bytesOf(blob)));
  return new SendModuleOverQueue({ ...ports, config, mailer, suppressions, queue, newUuid: uuidsFrom(random) });
}

interface Parts extends SendingPorts {
  readonly config: SendConfig;
  readonly mailer: Mailer;
  readonly suppressions: Suppressions;
  readonly queue: Queue;
  readonly newUuid: NewUuid;
}

class SendModuleOverQueue implements SendModule {
  readonly suppressions: Suppressions;
  readonly #parts: Parts;
  readonly #notifications: NotificationReader;
  readonly #returned: ReturnedMail;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#notifications = new NotificationReader(parts);
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
      wait: request.wait,
    });
    if (!request.wait || isFinal(message.state)) return { message, isNew, waited: request.wait };
    return { message: await queue.waitFor(message.id, WAIT_MS_MAX, context.signal), isNew, waited: true };
  }

  async explain(value: unknown, context: SendContext): Promise<Readonly<Record<string, unknown>>> {
    this.refuseUnconfigured();
    const { request, agent, from } = prepare(this.#parts, value, context);
    const { queue, config, clock, suppressions } = this.#parts;
    const nowMs = clock.wallMs();
    const accounts = queue.accounts.consider({ from: from.address });
    const chosen = config.accounts.find(({ id }) => accounts.find((one) => one.id === id)?.usable);
    const recipients = recipientsOf(request).map(({ address, kind }) => {
      const against = suppressions.against(address);
      const envelope = envelopeAddress(address);
      return {
        address,
        kind,
        envelope: envelope.address,
        smtputf8: envelope.smtputf8,
        ...(against === undefined ? {} : { suppressed: against }),
      };
    });
    const recipientsLeft = recipients.map(({ address, kind }) => ({ address, kind, state: 'pending' as const }));
    const choice = queue.accounts.choose(
      { agentId: agent.id, from: from.address, recipients: recipientsLeft },
      new Set(),
    );
    const freeMs = choice.kind === 'wait' ? nowMs + choice.waitMs : nowMs;
    return {
      from,
      agent: { id: agent.id, name: agent.name },
      account: chosen?.id ?? null,
      accounts,
      ...(chosen === undefined ? {} : { security: chosen.security, signedBy: chosen.dkim?.domain ?? null }),
      recipients,
      smtputf8: envelopeAddress(from.address).smtputf8 || recipients.some(({ smtputf8 }) => smtputf8),
      sendAt: new Date(Math.max(nowMs, request.sendAtMs ?? 0, freeMs)).toISOString(),
      expiresAt: new Date(
        Math.max(nowMs, request.sendAtMs ?? 0) + (request.lifetimeMs ?? config.lifetimeMs),
      ).toISOString(),
      attachments: request.attachments,
      headers: Object.fromEntries(request.headers),
    };
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
    return this.#notifications.read(raw);
  }

  bounced(report: BounceReport) {
    return this.#returned.receive(report);
  }

  putBlob(octets: AsyncIterable<Uint8Array>, blob: NewBlob) {
    return this.#parts.blobs.put(octets, blob);
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#parts.queue.run(signal), this.#tidy(signal)]);
  }

  close(): Promise<void> {
    return this.#parts.mailer.close();
  }

  async #tidy(signal: AbortSignal): Promise<void> {
    const { queue, blobs, clock } = this.#parts;
    while (!signal.aborted) {
      await queue.trim();
      await blobs.sweep((blob) => queue.blobs.needs(blob));
      await clock.sleep(TRIM_INTERVAL_MS, signal);
    }
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
