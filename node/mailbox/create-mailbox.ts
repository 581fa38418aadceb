// The mailbox, put together: its workers, its inboxes, its routes.
import type { LookUp } from '../../mesh/lookup/fan-out.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import type { ChangeLog, CursorReader } from '../changes/change-log.ts';
import type { Log } from '../log.ts';
import type { MailboxConfig } from '../mailbox-settings.ts';
import type { Figure } from '../metrics/measure.ts';
import type { Registry } from '../registry/registry.ts';
import type { BlobStore } from '../send/attachments/blob-store.ts';
import type { Sending } from '../send/send-service.ts';
import type { Store } from '../store/store.ts';
import type { Ways } from '../webhooks/guard/connector.ts';
import { DiskRoom, type FreeBytes } from './disk-room.ts';
import { EventNews } from './events/event-news.ts';
import { EventPages } from './events/event-pages.ts';
import { EventSockets, type EventSocketsParts } from './events/event-sockets.ts';
import { Relay } from './events/relay.ts';
import { readRelayCursor } from './events/relay-cursor.ts';
import { Arrivals } from './flow/arrivals.ts';
import { Keeper } from './flow/keeper.ts';
import { Leases } from './flow/leases.ts';
import { Gate } from './http/gate.ts';
import { createV0 } from './http/v0.ts';
import type { Organization } from './inbox.ts';
import { placeOf, readTls } from './listen-settings.ts';
import { mailboxFigures } from './measures.ts';
import { AddressBook, type AddressBookParts } from './org/addresses.ts';
import { Admission } from './org/admission.ts';
import { ApiKeys, type ApiKeysParts } from './org/api-keys.ts';
import type { Domains } from './org/domains.ts';
import { endingsOf } from './org/endings.ts';
import { Inboxes } from './org/inboxes.ts';
import { KeyRates } from './org/key-rates.ts';
import { MailWebhooks } from './org/mail-webhooks.ts';
import { openDomains } from './org/opened-domains.ts';
import { OrganizationKey } from './org/organization-key.ts';
import { Pods } from './org/pods.ts';
import { Standings } from './org/standings.ts';
import type { Drafts } from './out/drafts.ts';
import { Outbox, type OutboxParts } from './out/outbox.ts';
import { Outcomes } from './out/outcomes.ts';
import { Reports } from './out/reports.ts';
import { type MailboxPages, mailboxPages } from './page/mailbox-pages.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { archiveRoutes } from './routes/archives.ts';
import { authRoutes } from './routes/auth.ts';
import { batchRoutes } from './routes/batches.ts';
import { changeRoutes } from './routes/changes.ts';
import { domainRoutes } from './routes/domains.ts';
import { draftRoutes } from './routes/drafts.ts';
import { AttachmentLinks, fileRoutes } from './routes/files.ts';
import { inboxRoutes } from './routes/inboxes.ts';
import { ingestRoutes } from './routes/ingest.ts';
import { labelEventRoutes } from './routes/label-events.ts';
import { leaseRoutes } from './routes/leases.ts';
import { listRoutes } from './routes/lists.ts';
import { mailLinkRoutes } from './routes/mail-links.ts';
import { messageRoutes } from './routes/messages.ts';
import { metricRoutes } from './routes/metrics.ts';
import { notImplementedRoutes } from './routes/not-implemented.ts';
import { podRoutes } from './routes/pods.ts';
import { previewRoutes } from './routes/preview.ts';
import { searchRoutes } from './routes/search.ts';
import { sendRoutes } from './routes/sends.ts';
import { settingsRoutes } from './routes/settings.ts';
import { threadRoutes } from './routes/threads.ts';
import { mailWebhookRoutes } from './routes/webhooks.ts';
import { whereRoutes } from './routes/where.ts';
import { openSends, type Sends } from './sends.ts';
import { startWorkers, type Workers } from './workers.ts';

export interface MailboxOptions extends AddressBookParts {
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly hostId: string;
  /** Asks the whole mesh whose an address is. */
  readonly lookUp: LookUp;
  /** Whether an operator has yet to decide whose an address is. */
  readonly isContested: (address: string) => boolean;
  /** URLs of this host and of the others of the mesh. */
  readonly hostUrlOf: (hostId: string) => string | undefined;
  readonly config: MailboxConfig;
  readonly store: Pick<Store, 'get'>;
  /** Tells the change log of mail. */
  readonly mail: Pick<Registry['mail'], 'commitMails'>;
  readonly changes: ChangeLog;
  readonly sending: Sending;
  /** Attachments of what is sent. */
  readonly blobs: BlobStore;
  /** By which attachments are fetched that are named by their URL. */
  readonly ways: Ways & { readonly clock: Clock };
  /** Special-use domains that are mail domains here, in lower case. */
  readonly internalDomains: readonly string[];
  readonly webhooks: ConstructorParameters<typeof MailWebhooks>[0];
  /** Opens everything, where there is one. */
  readonly token: string | undefined;
  /** Aborts when the node stops. */
  readonly stopping: AbortSignal;
  /** Octets that are free on the disk; absent: as the system says. */
  readonly freeBytes?: FreeBytes | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Mailbox {
  /** What asks to go on as a WebSocket. */
  readonly sockets: Pick<EventSockets, 'isOffer' | 'accept'>;
  /** Answers what lies at and below `MAILBOX_PATHS`. */
  readonly answer: (request: Request, env?: object) => Response | Promise<Response>;
  /** What may be asked of all inboxes by who may read them. */
  readonly read: Pick<Workers['query'], 'ask'>;
  /** Adds what people are shown of it to the page of the node. */
  readonly pages: MailboxPages;
  readonly dkimFor: Domains['dkimFor'];
  readonly measures: readonly Figure[];
  run(signal: AbortSignal): Promise<void>;
  /** Keeps what the change log tells of mail from being trimmed before it was heard. */
  readonly cursorReader: CursorReader;
  close(): Promise<void>;
}

/**
 * Throws `invalid_request` when a file of a key is not this user's alone, a certificate can't be read, or mail can't be taken where it should.
 * Damage of its database stops the mailbox, and not the node.
 */
export async function createMailbox(options: MailboxOptions): Promise<Mailbox> {
  const { clock, random, log, directory, sending, stopping } = options;
  const { domain, retentionDays } = options.config;
  const organizationKey = OrganizationKey.open(options);
  const [arrivals, opened] = [new Arrivals(clock), Promise.withResolvers<Standings>()];
  const [news, cursor] = [new EventNews(), await readRelayCursor(options.store)];
  const { intake, query } = await startWorkers({
    answers: { standing: async (question) => await (await opened.promise).of(question) },
    freed: (inboxIds) => arrivals.tell(inboxIds),
    ...{ told: () => news.tell(), relayed: cursor, clock, log },
    ...intakeOf(options),
  });
  const [addresses, organization] = [new AddressBook(options), organizationOf(intake)];
  const webhooks = new MailWebhooks(options.webhooks, async () => (await organization()).podId);
  const leases = new Leases({ intake, query, arrivals, clock, stopping, log });
  const [keeper, room] = [new Keeper({ intake, query, retentionDays, clock, log }), new DiskRoom(options)];
  const later = { sockets: () => sockets, outbox: () => outbox };
  const { ofInboxes, ofPods, changedKey } = endingsOf({ webhooks, sending, ...later });
  const domains = await openDomains({ ...options, intake, organization });
  const standings = new Standings({ ...options, isForeign: (...inbox) => domains.isForeign(...inbox) });
  opened.resolve(standings);
  const inboxes = new Inboxes({ ...options, intake, query, addresses, domains, domain, ...ofInboxes });
  const pods = new Pods({ intake, query, webhooks: ofPods, domain, clock, random, log });
  const links = linksOf(domains, { ...options, organization });
  const outbox = await Outbox.open({ ...options, intake, standings, links });
  const reports = new Reports({ intake, query, sending, directory, clock, log });
  const outcomes = new Outcomes({ changes: options.changes, intake, sending, clock, log });
  const relay = new Relay({ intake, query, organization, cursor, news, clock, log, mail: options.mail });
  const { sends, drafts, scheduler } = openSends({ ...options, intake, query, inboxes, outbox, room });
  const made = { inboxes, pods, domains, leases, mailWebhooks: webhooks, organization, outbox, standings, addresses };
  const parts: Parts = { ...options, intake, query, ...made, room, drafts, sends, changedKey };
  const admission = new Admission({ ...options, organizationKey, intake, query });
  const door = { admission, rates: new KeyRates(clock) };
  const sockets = openSockets(parts, { ...door, news, log });
  return {
    sockets,
    answer: createV0({ ...door, gate: new Gate({ inboxes, pods, query }), log, ...routesOf(parts) }).fetch,
    read: query,
    pages: mailboxPages({ ...parts, links: new AttachmentLinks(filesOf(parts)) }),
    dkimFor: domains.dkimFor,
    measures: mailboxFigures({ intake, query, waiting: () => arrivals.waiting, clock }),
    run: (signal) =>
      runAll([inboxes, pods, domains, leases, relay, keeper, outbox, reports, outcomes, sockets, scheduler], signal),
    cursorReader: outcomes.cursorReader,
    close: async () => {
      await query.close();
      await intake.close();
    },
  };
}

/** What the worker that writes is begun with. Throws `invalid_request`. */
function intakeOf({ directory, hostId, config }: MailboxOptions) {
  const { domain, smtp, lmtp, certificate, dns, trust = [], authservIds = [], proxies = [] } = config;
  return {
    ...{ directory, hostId, domain, dns, trust, authservIds, proxies },
    ...{ smtp: placeOf(smtp), lmtp: placeOf(lmtp), tls: certificate && readTls(certificate) },
  };
}

/** What mails of an inbox carry for whoever gets them. */
function linksOf(
  domains: Pick<Domains, 'linkUrl'>,
  { config: { publicUrl }, random, organization }: MailboxOptions & Pick<Parts, 'organization'>,
): OutboxParts['links'] {
  return async (inboxId) => {
    const { fileKey: key } = await organization();
    return { publicUrl, pictureUrl: domains.linkUrl(inboxId, publicUrl), random, key };
  };
}

interface Running {
  run(signal: AbortSignal): Promise<void>;
}

async function runAll(parts: readonly Running[], signal: AbortSignal): Promise<void> {
  await Promise.all(parts.map((part) => part.run(signal)));
}

/** What the routes are made from. */
interface Parts extends Workers, MailboxOptions {
  readonly inboxes: Inboxes;
  readonly pods: Pods;
  readonly domains: Domains;
  readonly changedKey: ApiKeysParts['changed'];
  readonly room: DiskRoom;
  readonly leases: Leases;
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  readonly sends: Sends['sends'];
  readonly standings: Standings;
  readonly addresses: AddressBook;
  readonly mailWebhooks: MailWebhooks;
  readonly organization: () => Promise<Organization>;
}

function openSockets(
  { query, inboxes, pods, clock }: Parts,
  door: Pick<EventSocketsParts, 'admission' | 'rates' | 'news' | 'log'>,
): EventSockets {
  return new EventSockets({
    ...{ ...door, clock, pages: new EventPages(query) },
    lastRow: () => query.ask('lastEventRow', null),
    referenceOf: (eventId) => query.ask('eventReference', eventId),
    inboxOf: async (text, scope) => (await inboxes.get(text, scope)).inboxId,
    podOf: async (text) => (await pods.find(text))?.podId,
  });
}

/** What downloads are made from; links to them begin with a URL under which this host is known. */
function filesOf({ hostUrlOf, hostId, config, ...parts }: Parts) {
  const urls = () => [hostUrlOf(hostId), config.publicUrl].filter((url) => url !== undefined);
  return { ...parts, urls };
}

function routesOf(parts: Parts): Pick<Parameters<typeof createV0>[0], 'openRoutes' | 'routes'> {
  const { inboxes, pods, domains, leases, outbox, mailWebhooks, organization } = parts;
  const { intake, query, directory, room, clock, random } = parts;
  const { retentionDays } = parts.config;
  const files = filesOf(parts);
  const mails = { inboxes, query, links: new AttachmentLinks(files) };
  return {
    openRoutes: [
      (app) => fileRoutes(app, files),
      (app) => mailLinkRoutes(app, { intake, organization, clock }),
      notImplementedRoutes,
    ],
    routes: [
      (routes) => authRoutes(routes, organization),
      (routes) => podRoutes(routes, { pods }),
      (routes) => domainRoutes(routes, domains),
      (routes) => inboxRoutes(routes, { inboxes, pods, standings: parts.standings }),
      (routes) =>
        apiKeyRoutes(routes, { keys: new ApiKeys({ intake, query, changed: parts.changedKey, clock, random }) }),
      // Before the routes of one message or thread.
      (routes) => searchRoutes(routes, { intake, query }),
      (routes) => messageRoutes(routes, mails),
      (routes) => threadRoutes(routes, mails),
      (routes) => previewRoutes(routes, mails),
      (routes) => batchRoutes(routes, { inboxes, query, intake, clock }),
      (routes) => settingsRoutes(routes, { inboxes, intake, retentionDays, clock }),
      (routes) => sendRoutes(routes, { inboxes, query, room, outbox, ...parts.sends }),
      (routes) => draftRoutes(routes, { ...mails, room, outbox, ...parts.sends, drafts: parts.drafts }),
      (routes) => changeRoutes(routes, { inboxes, intake, clock }),
      (routes) => ingestRoutes(routes, { intake, directory, room, random }),
      (routes) => archiveRoutes(routes, { inboxes, intake, query, directory, random }),
      (routes) => whereRoutes(routes, parts),
      (routes) => mailWebhookRoutes(routes, { webhooks: mailWebhooks, inboxes, pods }),
      (routes) => listRoutes(routes, { intake, query, organization, suppressions: parts.sending.suppressions, clock }),
      (routes) => labelEventRoutes(routes, { inboxes, query, organization }),
      (routes) => metricRoutes(routes, { query, organization, clock }),
      (routes) => leaseRoutes(routes, { inboxes, leases }),
    ],
  };
}

/** The organization, which never changes and is asked for once. */
function organizationOf(intake: Workers['intake']): () => Promise<Organization> {
  let known: Organization | undefined;
  return async () => {
    known ??= await intake.ask('organization', null);
    return known;
  };
}
