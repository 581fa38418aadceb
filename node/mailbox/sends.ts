// What the routes of mails that are sent, and of drafts, are made from.
import type { Random } from '../../mesh/ports.ts';
import { uuidsFrom } from '../../mesh/uuid.ts';
import { BodyPlaces } from '../http/send/body-places.ts';
import { type ReadSendBody, sendBodyReader } from '../http/send/send-body.ts';
import type { MailboxConfig } from '../mailbox-settings.ts';
import type { BlobStore } from '../send/attachments/blob-store.ts';
import type { Inboxes } from './org/inboxes.ts';
import { AttachedFiles, type AttachedFilesParts } from './out/attached-files.ts';
import { Drafts, type DraftsParts } from './out/drafts.ts';
import { Scheduler, type SchedulerParts } from './out/scheduler.ts';

interface SendsOptions
  extends AttachedFilesParts,
    Omit<DraftsParts, 'clock' | 'files' | 'inboxOf' | 'newUuid' | 'publicUrl'>,
    Pick<SchedulerParts, 'clock'> {
  readonly blobs: BlobStore;
  readonly config: Pick<MailboxConfig, 'domain' | 'publicUrl'>;
  readonly inboxes: Pick<Inboxes, 'get'>;
  readonly random: Random;
}

/** Drafts with what sends them at their time, and what reads a mail that is to be sent. */
export interface Sends {
  readonly sends: {
    readonly publicUrl: string | undefined;
    readonly files: AttachedFiles;
    readonly readBody: ReadSendBody;
    readonly internalDomains: readonly string[];
  };
  readonly drafts: Drafts;
  readonly scheduler: Scheduler;
}

export function openSends({ config, inboxes, random, ...parts }: SendsOptions): Sends {
  const { domain, publicUrl } = config;
  const files = new AttachedFiles(parts);
  const internalDomains = [...parts.internalDomains, ...(domain === undefined ? [] : [domain])];
  const readBody = sendBodyReader(parts.blobs, new BodyPlaces(parts.clock), { empty: {} });
  const inboxOf = (inboxId: string) => inboxes.get(inboxId);
  const drafts = new Drafts({ ...parts, files, internalDomains, publicUrl, inboxOf, newUuid: uuidsFrom(random) });
  const scheduler = new Scheduler({ ...parts, drafts });
  return { sends: { publicUrl, files, readBody, internalDomains }, drafts, scheduler };
}
