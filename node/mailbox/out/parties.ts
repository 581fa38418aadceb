// Whether an inbox may send now, and which of those it writes to are inboxes of this host.
import { MeshError } from '../../../mesh/errors.ts';
import type { Sending } from '../../send/send-service.ts';
import { MailboxError } from '../errors.ts';
import type { Inbox } from '../inbox.ts';
import type { Standings } from '../org/standings.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';

export interface PartiesParts {
  readonly intake: Asks<IntakeQuestions>;
  readonly sending: Pick<Sending, 'refuseUnconfigured'>;
  readonly standings: Pick<Standings, 'of' | 'faultOf'>;
}

/** An address that is not its agent's alone, or whose agent takes no mail, sends none. Throws `forbidden`. */
export async function refuseSender(
  sender: Pick<Inbox, 'inboxId' | 'podId'>,
  { standings }: PartiesParts,
): Promise<void> {
  const fault = await standings.faultOf(sender);
  if (fault === undefined) return;
  const { why, fix } = fault;
  throw new MailboxError('forbidden', `Mail can't be sent as '${sender.inboxId}': ${why}.`, { fix });
}

/** Addresses that are inboxes of this host, with those, and the others. Throws `message_rejected`. */
export async function partiesOf(
  addresses: readonly string[],
  { intake, sending, standings }: PartiesParts,
): Promise<{ readonly localIds: readonly string[]; readonly remote: readonly string[] }> {
  const inboxes = await intake.ask('inboxesFor', addresses);
  const local = new Map<string, string>();
  for (const [at, address] of addresses.entries()) {
    const inbox = inboxes[at];
    if (inbox === undefined) continue;
    const { inboxId, podId } = inbox;
    const { kind } = await standings.of({ addresses: [inboxId], podId, isServed: false });
    if (kind === 'held') local.set(address, inboxId);
    if (kind === 'disabled' || kind === 'nobodys' || kind === 'foreign')
      throw new MailboxError('message_rejected', `The inbox '${inboxId}' takes no mail.`);
  }
  const remote = addresses.filter((address) => !local.has(address));
  if (remote.length > 0) refuseUnsendable(remote, sending);
  return { localIds: [...new Set(local.values())], remote };
}

function refuseUnsendable(remote: readonly string[], sending: PartiesParts['sending']): void {
  try {
    sending.refuseUnconfigured();
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    const message = `This host sends no mail to others, and '${remote[0]}' is no inbox of its own.`;
    const fix =
      'Start the node with --send-accounts FILE (node/send/README.md), or write to inboxes of this host alone.';
    throw new MailboxError('message_rejected', message, { fix });
  }
}
