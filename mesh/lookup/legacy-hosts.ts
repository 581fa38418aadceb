// Peers that serve only the look-up, as AI Maestro's hosts do: they neither vote nor sign. Before an address is claimed each of them is asked
// whether an agent of its own has it; while the answer is awaited, and until the claim is done, this host's own look-up shows it to them.
// It does not make a double claim impossible: such a peer looks and then writes, and between the two it can't be held. Doubles are found.

import { MeshError } from '../errors.ts';
import { isMap } from '../json/foreign-json.ts';
import { LOOKUP_ANSWER_BYTES_MAX } from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import type { Clock, PeerTransport } from '../ports.ts';
import { startDeadline, unlessAborted } from '../time/deadline.ts';
import {
  EMAIL_INDEX_PATH,
  type KeyedAddress,
  type ParseAddress,
  questionPath,
  type SpelledAddress,
  spellingsOf,
} from './index-entry.ts';
import { LOOKUP_ENTRIES_MAX } from './peer-index.ts';

/** The answer of a host that only serves the look-up, before an address is claimed. */
export const LEGACY_ANSWER_MS_MAX = 2_000;

/** `detect`: such peers are asked, and a silent one stops claims. `lenient`: a silent one does not. `strict`: none may be listed. */
export type LegacyMode = (typeof LEGACY_MODES)[number];
export const LEGACY_MODES = ['detect', 'strict', 'lenient'] as const;

/** A look-up of an address that nobody has: answered by every host, also by one without a hello. */
export const LEGACY_PROBE_PATH = `${EMAIL_INDEX_PATH}?address=nobody%40hello.invalid`;

/** An agent of a legacy peer that has an address. */
export interface LegacyOwner {
  readonly key: AddressKey;
  readonly hostId: HostId;
  readonly agentName: string;
}

export interface LegacyAnswers {
  readonly owners: readonly LegacyOwner[];
  /** Peers that could not tell whether they have an address, and why. */
  readonly silent: readonly { readonly hostId: HostId; readonly why: string }[];
}

export interface LegacyPorts {
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly parseAddress: ParseAddress;
}

/** Asks each of these peers about each of the addresses, in every spelling that it may have it in, at once. Never rejects; takes `LEGACY_ANSWER_MS_MAX` at most. */
export async function askLegacyPeers(
  ports: LegacyPorts,
  peers: readonly HostId[],
  addresses: readonly SpelledAddress[],
): Promise<LegacyAnswers> {
  const late = `It gave no complete answer within ${LEGACY_ANSWER_MS_MAX} ms.`;
  const silent = () => new MeshError('peer_silent', late);
  using deadline = startDeadline({ clock: ports.clock, ms: LEGACY_ANSWER_MS_MAX, signals: [], silent });
  const heard = await Promise.all(
    peers.flatMap((hostId) =>
      addresses.flatMap(spellingsOf).map(async (address) => ({
        hostId,
        key: address.key,
        ...(await unlessAborted<Heard>(deadline.signal, askOne(ports, hostId, address, deadline.signal), {
          why: late,
        })),
      })),
    ),
  );
  const found = heard.flatMap(({ hostId, key, agentName }) =>
    agentName === undefined ? [] : [{ key, hostId, agentName }],
  );
  // A peer that folds spellings itself finds the address by each of them.
  const owners = [...new Map(found.map((owner) => [`${owner.hostId} ${owner.key}`, owner])).values()];
  const unheard = new Map(heard.flatMap(({ hostId, why }) => (why === undefined ? [] : [[hostId, why] as const])));
  return { owners, silent: [...unheard].map(([hostId, why]) => ({ hostId, why })) };
}

interface Heard {
  /** The agent of that peer that has the address. */
  readonly agentName?: string;
  /** Why the peer could not tell. */
  readonly why?: string;
}

async function askOne(
  { transport, parseAddress }: LegacyPorts,
  to: HostId,
  address: KeyedAddress,
  signal: AbortSignal,
): Promise<Heard> {
  const request = {
    to,
    lane: 'claims',
    method: 'GET',
    path: questionPath({ address }),
    headers: { 'X-Federated-Query': 'true' },
    answerMsMax: LEGACY_ANSWER_MS_MAX,
    answerBytesMax: LOOKUP_ANSWER_BYTES_MAX,
    answerSignature: 'known-key',
  } as const;
  try {
    const { status, body } = await transport.ask(request, signal);
    if (status !== 200 || !isMap(body)) return { why: `It answered a look-up with status ${status} and no map.` };
    const texts = Object.keys(body);
    if (texts.length > LOOKUP_ENTRIES_MAX)
      return { why: `It answered a look-up of one address with ${texts.length} entries.` };
    const owner = texts.find((text) => {
      const parsed = parseAddress(text);
      return parsed.valid && parsed.key === address.key;
    });
    return owner === undefined ? {} : { agentName: nameIn(body[owner]) };
  } catch (error) {
    return { why: (error as Error).message };
  }
}

/** Whatever else the entry says of itself, the peer says that the address is taken. */
function nameIn(entry: unknown): string {
  const name = isMap(entry) ? entry.agentName : undefined;
  return typeof name === 'string' && name !== '' ? name.slice(0, 128) : 'unknown';
}
