// The messages that a claim is made of, read by hand: the schemas take ten times as long, and these come for every claim. What is read here is
// exactly what the schemas (schemas.ts) would make of it; what is not goes to them, and they say what is wrong with it.
import { isMap } from '../json/foreign-json.ts';
import { isCount, isText } from '../json/plain-values.ts';
import { KEYS_PER_MESSAGE_MAX } from '../limits.ts';
import { type AddressKey, type ClaimId, parseAgentId, parseHostId } from '../names.ts';
import type { Owner } from '../owner.ts';
import type { Ballot } from '../register/ballot.ts';
import type { Item, ItemAnswer } from '../register/item.ts';
import { CLAIM_VERSION, type ClaimAnswer, type ClaimMessage } from './messages.ts';

const CLAIM_ID = /^[A-Za-z0-9_-]{8,64}$/;
const INCARNATION = /^[0-9a-f]{16,64}$/;

type Members = Readonly<Record<string, unknown>>;

/** `undefined`: it is for `claimMessageSchema`. */
export function readUsualMessage(value: unknown): ClaimMessage | undefined {
  if (!isMap(value)) return undefined;
  const { mesh, epoch, incarnation, life, boot } = value;
  const isStanding =
    value.version === CLAIM_VERSION && isText(mesh, 0, 32) && isCount(epoch, 0) && isIncarnation(incarnation);
  if (!isStanding || !isCount(life, 0) || !isText(boot, 0, 64)) return undefined;
  const items = readAll(value.items, 1, readItem);
  return items && { version: CLAIM_VERSION, mesh, epoch, incarnation, life, boot, items };
}

/** An answer to items, read in its usual form; `undefined`: it is for `claimAnswerSchema`. */
export function readUsualAnswer(value: unknown): ClaimAnswer | undefined {
  if (!isMap(value)) return undefined;
  const { kind, incarnation } = value;
  if (value.version !== CLAIM_VERSION || kind !== 'items' || !isIncarnation(incarnation)) return undefined;
  const items = readAll(value.items, 0, readItemAnswer);
  return items && { version: CLAIM_VERSION, kind, incarnation, items };
}

function readItem(value: Members): Item | undefined {
  const { kind, key, n } = value;
  if (!isText(key, 3, 1_024) || !isCount(n, 1)) return undefined;
  if (kind === 'prepare') {
    const { claiming } = value;
    return typeof claiming === 'boolean' ? { kind, key: key as AddressKey, n, claiming } : undefined;
  }
  const owner = kind === 'accept' ? readOwnerOrNull(value.value) : undefined;
  return kind === 'accept' && owner !== undefined ? { kind, key: key as AddressKey, n, value: owner } : undefined;
}

function readItemAnswer(value: Members): ItemAnswer | undefined {
  const { kind, n } = value;
  if (!isCount(n, 1)) return undefined;
  switch (kind) {
    case 'accepted':
      return { kind, n };
    case 'promise': {
      const [accepted, owner] = [
        value.accepted === null ? null : readBallot(value.accepted),
        readOwnerOrNull(value.value),
      ];
      return accepted === undefined || owner === undefined ? undefined : { kind, n, accepted, value: owner };
    }
    case 'nack': {
      const promised = readBallot(value.promised);
      return promised && { kind, n, promised };
    }
    case 'veto': {
      const owner = readOwnerOrNull(value.owner);
      return owner ? { kind, n, owner } : undefined;
    }
    default:
      return undefined;
  }
}

function readBallot(value: unknown): Ballot | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [number, proposer] = value as readonly unknown[];
  return isCount(number, 0) && isText(proposer, 1, 100) ? ([number, proposer] as Ballot) : undefined;
}

function readOwnerOrNull(value: unknown): Owner | null | undefined {
  if (value === null) return null;
  if (!isMap(value)) return undefined;
  const { agentName, claimId, since } = value;
  const hostId = typeof value.hostId === 'string' ? parseHostId(value.hostId) : undefined;
  const agentId = typeof value.agentId === 'string' ? parseAgentId(value.agentId) : undefined;
  if (hostId === undefined || agentId === undefined || !isText(agentName, 1, 256) || !isText(since, 0, 40))
    return undefined;
  if (typeof claimId !== 'string' || !CLAIM_ID.test(claimId)) return undefined;
  return { hostId, agentId, agentName, claimId: claimId as ClaimId, since };
}

/** The values, each read; `undefined` when one of them can't be. */
function readAll<Read>(
  value: unknown,
  min: number,
  read: (one: Members) => Read | undefined,
): readonly Read[] | undefined {
  if (!Array.isArray(value) || value.length < min || value.length > KEYS_PER_MESSAGE_MAX) return undefined;
  const all: Read[] = [];
  for (const one of value as readonly unknown[]) {
    const done = isMap(one) ? read(one) : undefined;
    if (done === undefined) return undefined;
    all.push(done);
  }
  return all;
}

function isIncarnation(value: unknown): value is string {
  return typeof value === 'string' && INCARNATION.test(value);
}
