// What a recipient is answered. 550 makes the other side give the mail back for good, so it is said only of an address that certainly gets no
// mail here; whatever may be otherwise in a while is 451.
import type { Standing } from '../recipient-question.ts';
import { type Reply, replies } from './replies.ts';

export interface Recipient {
  readonly address: string;
  /** There is an inbox here for it, and mail may go into it. */
  readonly hasInbox: boolean;
  /** This host has inboxes in its domain. */
  readonly isServed: boolean;
}

/** `undefined`: mail for it is taken. */
export function refusalOf({ address, hasInbox, isServed }: Recipient, standing: Standing): Reply | undefined {
  switch (standing.kind) {
    case 'elsewhere':
      return replies.elsewhere(standing.hostId);
    case 'conflicted':
      return replies.conflicted(address);
    case 'unknown':
      return replies.unknown(address);
    case 'foreign':
    case 'disabled':
      return hasInbox ? replies.disabled(address) : replies.noInbox(address);
    case 'held':
      return hasInbox ? undefined : replies.noInbox(address);
    case 'nobodys':
      if (hasInbox) return replies.disabled(address);
      return isServed ? replies.noInbox(address) : replies.noRelay(address);
  }
}
