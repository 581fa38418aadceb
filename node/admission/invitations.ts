// The invitations that are open: of each the name and the key that are made of its token, until when it opens something, and which host it let in.
// They survive a restart. What is kept here opens the door as the token does, so it lies where the host key lies.
import { z } from 'zod';
import { drawToken, type InvitationKey, invitationOf } from '../../mesh/admission/invitation-token.ts';
import type { Newcomer } from '../../mesh/admission/messages.ts';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';

/** A token that nobody used by then opens nothing any more. */
export const INVITATION_MS_MAX = 30 * 60_000;
/** A clock that is set back by more would have a token open something for longer than that: then it opens nothing any more. */
const SET_BACK_MS_MAX = 60_000;
/** Invitations that are open at once. */
export const INVITATIONS_MAX = 64;

export interface InvitationPorts {
  readonly store: Pick<Store, 'commit' | 'load'>;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly random: Pick<Random, 'bytes'>;
}

export const INVITATION_PREFIX = 'invitation/';
const stored = z.object({
  id: z.string(),
  key: z.string(),
  expiresMs: z.number(),
  /** For whom it is, as text: it opens for nobody else any more. */
  usedBy: z.string().optional(),
  /** Whether the host was listed. */
  isSpent: z.boolean().optional(),
});
type Invitation = z.infer<typeof stored>;

export class Invitations {
  readonly #ports: InvitationPorts;
  readonly #open: Map<string, Invitation>;

  private constructor(ports: InvitationPorts, open: readonly Invitation[]) {
    this.#ports = ports;
    this.#open = new Map(open.map((one) => [one.id, one]));
  }

  /** Rejects with `store_failed` when a record can't be read. */
  static async open(ports: InvitationPorts): Promise<Invitations> {
    const found: Invitation[] = [];
    for await (const page of ports.store.load(INVITATION_PREFIX))
      for (const { key, value } of page) {
        const parsed = stored.safeParse(value);
        if (!parsed.success) throw damagedRecords(`The stored record '${key}' is no invitation`, parsed.error);
        found.push(parsed.data);
      }
    return new Invitations(ports, found);
  }

  /** A token that nobody can ask for again, and until when it opens something. Durable before it resolves. Rejects with `limit_exceeded`. */
  async create(): Promise<{ readonly token: string; readonly expiresMs: number }> {
    const { clock, random } = this.#ports;
    await this.#forgetExpired();
    if (this.#open.size >= INVITATIONS_MAX)
      throw new MeshError(
        'limit_exceeded',
        `This host has ${INVITATIONS_MAX} open invitations, as many as it may; each ends after 30 minutes.`,
      );
    const token = drawToken(random);
    const made = invitationOf(token);
    if (made === undefined) throw new Error('a token that is none');
    const invitation = { ...made, expiresMs: clock.wallMs() + INVITATION_MS_MAX };
    await this.#keep(invitation);
    return { token, expiresMs: invitation.expiresMs };
  }

  /** The invitation of that name; `undefined` when there is none, or its time is over. */
  find(id: string): InvitationKey | undefined {
    const found = this.#open.get(id);
    return found === undefined || isOver(found, this.#ports.clock.wallMs()) ? undefined : found;
  }

  /** Whether the invitation is that very host's already. */
  isFor({ id }: InvitationKey, newcomer: Newcomer): boolean {
    return this.#open.get(id)?.usedBy === nameOf(newcomer);
  }

  /**
   * From now on the invitation is for this host alone, durably so once this resolves: with whether it was let in already. Rejects with
   * `conflict` when another one used it.
   */
  async bind({ id }: InvitationKey, newcomer: Newcomer): Promise<{ readonly isSpent: boolean }> {
    const invitation = this.#found(id);
    const usedBy = nameOf(newcomer);
    if (invitation.usedBy === undefined) await this.#keep({ ...invitation, usedBy });
    else if (invitation.usedBy !== usedBy)
      throw new MeshError(
        'conflict',
        'This token was used already, by another host. If that was not you, somebody else has seen it: take that host out (npx mesh hosts list, npx mesh hosts remove ID) and change MESH_SECRET on every host.',
      );
    return { isSpent: invitation.isSpent === true };
  }

  /** The host was listed: the invitation lists it no second time. */
  spend({ id }: InvitationKey): Promise<void> {
    return this.#keep({ ...this.#found(id), isSpent: true });
  }

  #found(id: string): Invitation {
    const invitation = this.#open.get(id);
    if (invitation === undefined) throw new Error('an invitation that was not found');
    return invitation;
  }

  async #keep(invitation: Invitation): Promise<void> {
    this.#open.set(invitation.id, invitation);
    await this.#ports.store.commit([{ key: INVITATION_PREFIX + invitation.id, value: invitation }]);
  }

  async #forgetExpired(): Promise<void> {
    const nowMs = this.#ports.clock.wallMs();
    const over = [...this.#open.values()].filter((invitation) => isOver(invitation, nowMs));
    for (const { id } of over) this.#open.delete(id);
    if (over.length > 0)
      await this.#ports.store.commit(over.map(({ id }) => ({ key: INVITATION_PREFIX + id, value: undefined })));
  }
}

function isOver({ expiresMs }: Invitation, nowMs: number): boolean {
  return expiresMs <= nowMs || expiresMs > nowMs + INVITATION_MS_MAX + SET_BACK_MS_MAX;
}

/** Everything that the host said of itself. */
function nameOf({ id, url, publicKey, name, voter }: Newcomer): string {
  return JSON.stringify([id, url, publicKey, name ?? null, voter ?? null]);
}
