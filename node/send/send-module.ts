// The send module put together from the ports of the node: access tokens, the mailer, suppressed addresses, the queue.
import type { Clock, Random } from '../../mesh/ports.ts';
import { timedUuidsFrom } from '../../mesh/uuid.ts';
import type { Log } from '../log.ts';
import type { ForgettingStore } from '../store/disk-store.ts';
import { Erasures } from '../store/erasures.ts';
import type { Store } from '../store/store.ts';
import type { DkimFor, SendConfig } from './account.ts';
import { AccessTokens, type PostForm } from './accounts/access-tokens.ts';
import type { BlobStore } from './attachments/blob-store.ts';
import { Suppressions } from './bounces/suppressions.ts';
import type { Mailer } from './mailer.ts';
import { Queue } from './queue/queue.ts';
import type { QueueOptions } from './queue/queue-options.ts';
import { QueueService, type QueueServiceParts, type SendModule } from './queue-service.ts';
import { type AgentsOfHost, whyNotAs } from './request/sending-agent.ts';
import type { SocketTo } from './smtp/smtp-connection.ts';
import { SmtpMailer } from './smtp/smtp-mailer.ts';

export interface SendingPorts extends AgentsOfHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly blobs: BlobStore;
  readonly post: PostForm;
  readonly commitMail: QueueOptions['commitMail'];
  readonly redactMail: QueueServiceParts['redactMail'];
  /** The store, where what it has removed can be overwritten. */
  readonly forgetting?: ForgettingStore | undefined;
  readonly socketTo: SocketTo;
  readonly dkimFor?: DkimFor | undefined;
  /** Other than over SMTP only in tests. */
  readonly mailer?: Mailer;
  /** What stands before the mailer, as a stopwatch does. */
  readonly before?: (mailer: Mailer) => Mailer;
}

/** Reads the queue and the suppressed addresses back. Throws `store_failed`. */
export async function openSending(config: SendConfig, ports: SendingPorts): Promise<SendModule> {
  const { store, clock, random, log, blobs, before = (mailer) => mailer } = ports;
  const tokens = new AccessTokens(ports.post, clock);
  const mailer = before(
    ports.mailer ??
      new SmtpMailer({
        clock,
        log,
        socketTo: ports.socketTo,
        dkimFor: ports.dkimFor,
        open: ({ blob }) => blobs.read(blob),
        secretOf: (account) => tokens.secretOf(account),
        secretRefused: (account) => tokens.refused(account),
      }),
  );
  const suppressions = await Suppressions.open(store, clock);
  const queue = await Queue.open({
    store,
    commitMail: ports.commitMail,
    mailer,
    config,
    suppressions,
    whyNotAs: whyNotAs(ports),
    isHeld: (address) => ports.holder(address) !== undefined,
    clock,
    random,
    log,
  });
  blobs.describeUseBy(() => queue.blobs.describe((blob) => blobs.bytesOf(blob)));
  const erasures = await Erasures.open({ store, forgetting: ports.forgetting, clock, log });
  // The records of mails that come together lie together on the disk: with random ids each mail is a page of its own, written twice.
  const newUuid = timedUuidsFrom(random, clock);
  return new QueueService({ ...ports, config, erasures, mailer, suppressions, queue, newUuid });
}
