// Letting a host into the mesh: whoever proves to have the token of an open invitation is listed, and told the mesh's secret, sealed for it alone.
// Steps are those of mesh/admission/README.md. The order is such that a crash at any point costs no more than the newcomer's asking again.
import { fingerprintOf } from '../../mesh/admission/fingerprint.ts';
import { answerJoin, isProven } from '../../mesh/admission/handshake.ts';
import type { JoinAnswer, JoinAsk, Newcomer } from '../../mesh/admission/messages.ts';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { Signer } from '../../mesh/signature/ed25519.ts';
import { skewFault } from '../../mesh/signature/request.ts';
import { type HostEntry, type HostList, refuseTwin } from './host-list.ts';
import type { Invitations } from './invitations.ts';

export interface AdmissionOptions {
  readonly secret: string;
  /** MESH_CLAIMS, where an engine keeps the claims. */
  readonly claims: string | undefined;
  readonly roster: () => Roster;
  readonly list: HostList;
  readonly invitations: Invitations;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
}

/** What the operator carries to the next machine. */
export interface Invited {
  readonly token: string;
  readonly fingerprint: string;
  /** Where this host is reached. */
  readonly url: string;
  readonly expiresMs: number;
}

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Makes an invitation, which opens once. Rejects with `limit_exceeded` when too many are open, and `store_failed`. */
  async invite(): Promise<Invited> {
    const { invitations, signer, roster } = this.#options;
    const { token, expiresMs } = await invitations.create();
    return { token, fingerprint: fingerprintOf(signer.publicKey), url: roster().self.url, expiresMs };
  }

  /**
   * Admits the host that asks, or answers it once more. Rejects with `unauthorized` when it does not prove to have an open token, `forbidden`
   * when it was taken out since, `invalid_request` when it means another host, `clock_skew`, `conflict`, `limit_exceeded`, `store_failed`.
   */
  async admit(ask: JoinAsk): Promise<JoinAnswer> {
    const { secret, claims, roster, list, invitations, signer, random } = this.#options;
    const invitation = invitations.find(ask.invitation);
    if (invitation === undefined || !isProven(ask, invitation)) throw unknownToken();
    this.#refuseOtherThanMe(ask);
    const { from } = ask;
    const isListed = roster().get(from.id)?.url === from.url && invitations.isFor(invitation, from);
    if (!isListed) refuseTwin(entryOf(from), roster());
    const { isSpent } = await invitations.bind(invitation, from);
    if (isSpent && !isListed)
      throw new MeshError('forbidden', `Host '${from.id}' was let in by this token, and was taken out since.`);
    if (!isListed) await list.add(entryOf(from));
    if (!isSpent) await invitations.spend(invitation);
    const hosts = roster().hosts.map(({ entry: { type: _, ...entry }, id }) => ({ ...entry, id }));
    const content = { secret, hosts, ...(claims === undefined ? {} : { claims }) };
    return answerJoin(ask, invitation, content, { signer, random });
  }

  /** The asker must mean this very host, at its URL, and their clocks must agree, or they would not hear each other afterwards. */
  #refuseOtherThanMe({ to, from, createdSeconds }: JoinAsk): void {
    const { roster, signer, clock } = this.#options;
    const { self } = roster();
    if (to.id !== self.id || to.url !== self.url || to.publicKey !== signer.publicKey)
      throw new MeshError(
        'invalid_request',
        `This is host '${self.id}' at ${self.url}, as hosts.json says: ask it there, with its own fingerprint.`,
        { field: 'to' },
      );
    const fault = skewFault(from.id, self.id, Math.floor(clock.wallMs() / 1_000) - createdSeconds);
    if (fault !== undefined) throw new MeshError('clock_skew', fault);
  }
}

/** The key is not pinned there: the secret proves it, and proves another one when this one is lost. */
function entryOf({ id, url, name, voter }: Newcomer): HostEntry {
  return {
    ...{ id, url },
    ...(name === undefined ? {} : { name }),
    ...(voter === undefined ? {} : { voter }),
  };
}

function unknownToken(): MeshError {
  return new MeshError(
    'unauthorized',
    'This token opens nothing here: it was made by another host, or more than 30 minutes ago, or it is mistyped. Another one is made by: npx mesh hosts invite.',
  );
}
