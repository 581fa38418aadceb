// Why an inbox neither gets mail nor sends any, though it is there and its mail can be read: its address is not its agent's alone any more.
import type { Standing } from '../recipient-question.ts';

export interface AddressFault {
  readonly code: 'address_lost' | 'address_disabled' | 'address_conflicted' | 'address_elsewhere' | 'address_foreign';
  /** To follow a colon. */
  readonly why: string;
  /** What can be done about it. */
  readonly fix: string;
}

/** `undefined`: mail comes in and goes out. */
export function addressFault(standing: Standing): AddressFault | undefined {
  switch (standing.kind) {
    case 'held':
      return undefined;
    case 'disabled':
      return {
        code: 'address_disabled',
        why: 'email of its agent is disabled',
        fix: 'Enable it by PATCH /api/agents/:id.',
      };
    case 'conflicted':
      return {
        code: 'address_conflicted',
        why: 'another host has that address too, which an operator must decide',
        fix: '`npx mesh conflicts` on one of them.',
      };
    case 'elsewhere':
      return {
        code: 'address_elsewhere',
        why: `host '${standing.hostId}' has that address now`,
        fix: 'Delete this inbox when its mail is needed no more, or have that host give the address up.',
      };
    case 'foreign':
      return {
        code: 'address_foreign',
        why: 'another pod has shown that its domain is its own',
        fix: 'Delete this inbox when its mail is needed no more: that pod can have the address then.',
      };
    default:
      return {
        code: 'address_lost',
        why: 'no agent of this host has that address any more',
        fix: 'Create the inbox again with its client_id, if it has one, which claims the address again; or give it to an agent by POST /api/agents/:id/email/addresses; or delete the inbox.',
      };
  }
}
