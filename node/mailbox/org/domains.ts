// Domains that somebody brings: registered, looked up in the DNS, used by inboxes, and signed for. There are few of them, so all are known here.
import { domainToASCII } from 'node:url';
import type { Clock, Random } from '../../../mesh/ports.ts';
import { unlessAborted } from '../../../mesh/time/deadline.ts';
import type { Log } from '../../log.ts';
import type { DkimFor } from '../../send/account.ts';
import {
  type Domain,
  type DomainFlags,
  type FoundRecords,
  type HostRecords,
  holds,
  type WishedFlags,
} from '../domain.ts';
import type { ShownDomain } from '../domain-body.ts';
import { type DomainRecord, recordsOf, zoneFile } from '../domain-records.ts';
import { MailboxError, mailboxErrorOf, noSuch, wrongField } from '../errors.ts';
import type { Organization } from '../inbox.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';
import { type DomainDns, findRecords, goesElsewhere, statusOf } from './domain-check.ts';
import { newDomainKey } from './domain-key.ts';
import { invalidName, nameOf, notAdded, takenDomain } from './domain-name.ts';
import { closest, type DomainUse, isForeign, linkUrlFor, namedBy, signerFor } from './domain-uses.ts';

/** Milliseconds between two looks at the same domain that somebody asks for, and between those of the host itself. */
const ASKED_MS_MIN = 10_000;
const LOOK_MS = 3_600_000;
const SOON_MS = 30_000;

export interface DomainsParts {
  readonly intake: Asks<IntakeQuestions>;
  readonly dns: DomainDns;
  /** Absent: no domain can be brought. */
  readonly hostRecords: HostRecords | undefined;
  /** The domain of the host: only the organization may bring that. */
  readonly domain: string | undefined;
  readonly organization: () => Promise<Organization>;
  /** Aborts when the node stops. */
  readonly stopping: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface DomainWish extends DomainFlags {
  readonly name: string;
  /** Absent: for the organization. */
  readonly podId: string | undefined;
  readonly mayGoElsewhere: boolean;
}

/** A domain within a scope: those of a pod find no others. */
export interface DomainMeant {
  readonly name: string;
  readonly podId: string | undefined;
}

export class Domains {
  readonly #parts: DomainsParts;
  readonly #askedAtMs = new Map<string, number>();
  #all: readonly Domain[] = [];

  constructor(parts: DomainsParts) {
    this.#parts = parts;
  }

  /** The newest first. */
  async list(podId: string | undefined): Promise<readonly Domain[]> {
    await this.#refresh();
    return this.#all.filter((domain) => podId === undefined || domain.podId === podId);
  }

  /** Throws `not_found`. */
  async get({ name, podId }: DomainMeant): Promise<Domain> {
    await this.#refresh();
    const found = namedBy(this.#all, nameOf(name) ?? '', podId);
    if (found === undefined) throw noSuch('domain');
    return found;
  }

  /**
   * Registers a domain; the same in the same scope again is the same. Throws `validation_error`, `unprocessable`, `resource_taken`,
   * `limit_exceeded`, `service_unavailable`.
   */
  async add({ name, podId, mayGoElsewhere, ...flags }: DomainWish): Promise<Domain> {
    const { intake, clock, random } = this.#parts;
    const { mx } = this.#host();
    const wanted = nameOf(name);
    if (wanted === undefined) throw invalidName(name);
    this.#refuseTracking(flags);
    await this.#refresh();
    const named = this.#all.filter((domain) => domain.name === wanted);
    const known = named.find((domain) => domain.podId === podId);
    if (known !== undefined) return known;
    if (named.some(holds) || (podId !== undefined && this.#isOfHost(wanted))) throw takenDomain(wanted);
    if (!mayGoElsewhere) await this.#refuseElsewhere(wanted, mx);
    const key = await newDomainKey(random);
    const added = await intake.ask('addDomain', { ...flags, name: wanted, podId, key, atMs: clock.wallMs() });
    if (added.outcome !== 'made' && added.outcome !== 'known') throw notAdded(added.outcome, wanted);
    await this.#refresh();
    return added.domain;
  }

  /** Throws `not_found`. */
  async change(meant: DomainMeant, flags: WishedFlags): Promise<Domain> {
    const { name, podId } = await this.get(meant);
    this.#refuseTracking(flags);
    // Or it could not be said afterwards what the domain is.
    this.#host();
    const { intake, clock } = this.#parts;
    const changed = await intake.ask('changeDomain', { ...flags, name, podId, atMs: clock.wallMs() });
    if (changed === undefined) throw noSuch('domain');
    // What is wanted of it has changed, and so has what it is.
    const { status, found } = judged(changed, this.#records(changed), clock.wallMs());
    await this.#note(changed, { status: changed.status === 'NOT_STARTED' ? 'NOT_STARTED' : status, found });
    return await this.get(meant);
  }

  /** Throws `not_found`, and `cannot_delete` while inboxes are in it. */
  async remove(meant: DomainMeant): Promise<void> {
    const { name, podId } = await this.get(meant);
    const { intake, clock, domain: hostDomain } = this.#parts;
    const outcome = await intake.ask('removeDomain', { name, podId, hostDomain, atMs: clock.wallMs() });
    if (outcome === 'gone') throw noSuch('domain');
    if (outcome === 'used')
      throw new MailboxError('cannot_delete', `There are inboxes in '${name}'.`, { fix: 'Delete its inboxes first.' });
    await this.#refresh();
  }

  /** Looks the domain up now. Throws `not_found`, `conflict` when that was done just now, `service_unavailable` when the DNS says nothing. */
  async verify(meant: DomainMeant): Promise<void> {
    const { clock } = this.#parts;
    const domain = await this.get(meant);
    const nowMs = clock.monotonicMs();
    const asked = `${domain.name} ${domain.podId ?? ''}`;
    const leftMs = (this.#askedAtMs.get(asked) ?? Number.NEGATIVE_INFINITY) + ASKED_MS_MIN - nowMs;
    if (leftMs > 0)
      throw new MailboxError('conflict', `'${domain.name}' was looked up just now; ask again later.`, {
        retryAfterSeconds: Math.ceil(leftMs / 1_000),
      });
    for (const [one, atMs] of this.#askedAtMs) if (nowMs - atMs >= ASKED_MS_MIN) this.#askedAtMs.delete(one);
    this.#askedAtMs.set(asked, nowMs);
    if (await this.#look(domain, this.#parts.stopping)) return;
    throw new MailboxError('service_unavailable', 'The DNS does not answer; nothing was found out.', {
      retryAfterSeconds: ASKED_MS_MIN / 1_000,
    });
  }

  /** Throws `unprocessable` where this host has no name in the DNS any more. */
  shown(domain: Domain): ShownDomain {
    return { domain, host: this.#host() };
  }

  zoneFile(domain: Domain): string {
    const { mx } = this.#host();
    return zoneFile(domain.name, this.#records(domain), { mx, serial: Math.floor(domain.updatedAtMs / 1_000) });
  }

  /** The domain in the letters of the DNS, if inboxes may be made in it; absent: they may not. */
  async verified({ domain, podId, isOfPod }: DomainUse): Promise<string | undefined> {
    await this.#refresh();
    const found = closest(this.#all, domain, ({ status }) => status === 'VERIFIED');
    if (found === undefined) return undefined;
    const isOpen = found.podId === undefined && !isOfPod;
    const isRight = isOpen || found.podId === (podId ?? (await this.#parts.organization()).podId);
    return isRight ? domainToASCII(domain) : undefined;
  }

  /** Whether another pod than the one that it would be made in has shown that the domain is its own. */
  async isOfAnother({ domain, podId }: DomainUse): Promise<boolean> {
    return this.isForeign(`@${domain}`, podId ?? (await this.#parts.organization()).podId);
  }

  /** Whether an address is in a domain of another pod than its inbox, so that neither may have its mail. */
  isForeign(inboxId: string, podId: string): boolean {
    return isForeign(this.#all, inboxId, podId);
  }

  /** What signs mail from that domain; `undefined`: nothing, or nobody could find its key. */
  dkimFor: DkimFor = (domain) => signerFor(this.#all, domain);

  /** The URL under which mails of an inbox have their pictures, which may be at a name of its domain. */
  linkUrl(inboxId: string, publicUrl: string | undefined): string | undefined {
    return publicUrl === undefined ? undefined : linkUrlFor(this.#all, inboxId, publicUrl);
  }

  /** Knows what there is; what can't be read now is asked for again when it is needed, and by `run`. */
  async load(): Promise<void> {
    try {
      await this.#refresh();
    } catch (error) {
      if (mailboxErrorOf(error) === undefined) throw error;
    }
  }

  /** Looks all of them up every hour, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    while (!signal.aborted) {
      let nextMs = LOOK_MS;
      try {
        await this.#refresh();
        await this.#lookAll(signal);
      } catch (error) {
        const expected = mailboxErrorOf(error);
        if (expected === undefined) throw error;
        log.warn('mailbox.domains_wait', { message: `Domains are looked up later: ${expected.message}` });
        nextMs = SOON_MS;
      }
      await clock.sleep(nextMs, signal);
    }
  }

  async #lookAll(signal: AbortSignal): Promise<void> {
    const { hostRecords, intake, random, clock } = this.#parts;
    for (const domain of this.#all) {
      if (domain.key.privateKey !== '') continue;
      const { name, podId } = domain;
      await intake.ask('putDomainKey', { name, podId, key: await newDomainKey(random), atMs: clock.wallMs() });
    }
    await this.#refresh();
    if (hostRecords === undefined) return;
    for (const domain of this.#all) {
      if (signal.aborted) return;
      if (domain.status !== 'FAILED') await this.#look(domain, signal);
    }
  }

  /** False: the DNS says nothing, or `signal` aborts. */
  async #look(domain: Domain, signal: AbortSignal): Promise<boolean> {
    const { dns, clock, log } = this.#parts;
    const looked = findRecords(this.#records(domain), dns);
    const found = await unlessAborted<FoundRecords | undefined>(signal, looked, undefined);
    if (found === undefined) return false;
    await this.#note(domain, { status: statusOf(domain, found, clock.wallMs()), found });
    const { name, podId } = domain;
    const status = this.#all.find((one) => one.name === name && one.podId === podId)?.status ?? domain.status;
    if (status !== domain.status) log.info('mailbox.domain_checked', { domain: name, podId, status });
    return true;
  }

  async #note(
    { name, podId, updatedAtMs: seenAtMs }: Domain,
    { status, found }: Pick<Domain, 'status' | 'found'>,
  ): Promise<void> {
    const { intake, clock } = this.#parts;
    await intake.ask('noteDomain', { name, podId, status, found, seenAtMs, host: this.#host(), atMs: clock.wallMs() });
    await this.#refresh();
  }

  async #refresh(): Promise<void> {
    this.#all = await this.#parts.intake.ask('domains', null);
  }

  async #refuseElsewhere(name: string, mx: string): Promise<void> {
    const fix = "Take those MX records away, or send 'allow_conflicting_provider': true.";
    let isElsewhere: boolean;
    try {
      isElsewhere = await goesElsewhere(name, mx, this.#parts.dns);
    } catch (cause) {
      const message = `The DNS does not say where mail of '${name}' goes (${(cause as NodeJS.ErrnoException).code ?? 'no answer'}).`;
      throw new MailboxError('service_unavailable', message, { fix });
    }
    if (isElsewhere) throw new MailboxError('unprocessable', `Mail of '${name}' goes to another server.`, { fix });
  }

  #isOfHost(name: string): boolean {
    const { domain } = this.#parts;
    return domain !== undefined && (name === domain || name.endsWith(`.${domain}`) || domain.endsWith(`.${name}`));
  }

  #refuseTracking({ isTrackingEnabled }: WishedFlags): void {
    if (isTrackingEnabled === true && this.#parts.hostRecords?.link === undefined)
      throw wrongField('tracking_enabled', 'can only be false: this host is started without --mailbox-public-url');
  }

  #records(domain: Domain): readonly DomainRecord[] {
    return recordsOf(domain, this.#host());
  }

  #host(): HostRecords {
    const { hostRecords } = this.#parts;
    if (hostRecords !== undefined) return hostRecords;
    const message = 'This host has no name for the MX records of domains.';
    throw new MailboxError('unprocessable', message, { fix: 'Start the node with --mailbox-mx NAME.' });
  }
}

/** What was found of a domain, and what that makes of it, for the records that are wanted now. */
function judged(domain: Domain, records: readonly DomainRecord[], nowMs: number): Pick<Domain, 'status' | 'found'> {
  const kept = Object.fromEntries(records.map(({ kind, found }) => [kind, found]));
  return { status: statusOf(domain, kept, nowMs), found: kept };
}
