// The pages of inboxes, put together: loaded only where the host keeps any.
import type { PageDoor } from '../../page/door.ts';
import type { PartServices } from '../../page/page.ts';
import { domainPages } from './domains-page.ts';
import { draftActions } from './draft-actions.ts';
import { draftPages } from './drafts-page.ts';
import { inboxPages } from './inboxes-page.ts';
import { listPages } from './lists-page.ts';
import { MailboxDoor } from './mailbox-door.ts';
import { messagePages } from './message-page.ts';
import { podPages } from './pods-page.ts';
import { quarantinePages } from './quarantine-page.ts';
import type { MailboxPageServices } from './services.ts';
import { threadPages } from './threads-page.ts';

const PARTS = [
  ...[inboxPages, threadPages, messagePages, draftPages, draftActions],
  ...[quarantinePages, listPages, domainPages, podPages],
];

/** Adds them to the page of the node. */
export type MailboxPages = (door: PageDoor, services: PartServices) => void;

export function mailboxPages(made: Omit<MailboxPageServices, keyof PartServices>): MailboxPages {
  return (door, services) => {
    const ownDoor = new MailboxDoor(door);
    for (const add of PARTS) add(ownDoor, { ...made, ...services });
  };
}
