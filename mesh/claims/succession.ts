// Which configuration follows: for each epoch one register that is written once, by single-decree Paxos among the voters of that
// epoch. So two hosts that move the mesh at once end with one and the same successor, and no epoch has two.
// The first configuration is the successor of epoch 0, decided by *all* the hosts that were wished for: one that stays outside
// a majority may own addresses already. Pure; what must be on disk before the answer leaves is returned beside it.
// It does not decide whether a change is wise: mover.ts does, and an operator before it.
import type { HostId } from '../names.ts';
import { type Ballot, compareBallots, proposerName } from './ballot.ts';
import {
  type Config,
  hostsOf,
  isMajority,
  isQuorum,
  isVoter,
  majorityOf,
  sameHosts,
  type VoteKey,
  voteKey,
} from './config.ts';
import { CLAIM_VERSION, type SuccessionAnswer, type SuccessionQuestion } from './messages.ts';

/** What a voter holds of the successor of `epoch`. Stored as it is; void once the voter is in a later epoch. */
export interface SuccessionRecord {
  readonly epoch: number;
  readonly promised: Ballot;
  readonly accepted: Ballot | null;
  readonly config: Config | null;
}

/** Who votes on a succession, as far as it matters there. */
export interface SuccessionVoter {
  readonly self: HostId;
  readonly incarnation: string;
  readonly config: Config | undefined;
  readonly succession: SuccessionRecord | undefined;
  /** Voters by this host's hosts.json, sorted. */
  readonly wished: readonly HostId[];
  /** Whether this host holds no register and no address. */
  readonly pristine: boolean;
}

export interface SuccessionVote {
  readonly answer: SuccessionAnswer;
  /** To be stored before the answer leaves; absent when nothing changed. */
  readonly record?: SuccessionRecord;
}

/** Votes on one question of `from`. */
export function voteOnSuccession(voter: SuccessionVoter, from: HostId, question: SuccessionQuestion): SuccessionVote {
  const refusal = refusalOf(voter, question);
  if (refusal !== undefined) return { answer: refusal };
  const { incarnation } = voter;
  const { n, epoch } = question;
  const ballot: Ballot = [n, proposerName(from, question.incarnation)];
  const record = voter.succession?.epoch === epoch ? voter.succession : undefined;
  if (record !== undefined && compareBallots(ballot, record.promised) < 0)
    return { answer: { version: CLAIM_VERSION, kind: 'nack', incarnation, n, promised: record.promised } };
  const accepted = record?.accepted ?? null;
  const config = record?.config ?? null;
  if (question.kind === 'prepare')
    return {
      answer: { version: CLAIM_VERSION, kind: 'promise', incarnation, n, accepted, config },
      record: { epoch, promised: ballot, accepted, config },
    };
  return {
    answer: { version: CLAIM_VERSION, kind: 'accepted', incarnation, n },
    record: { epoch, promised: ballot, accepted: ballot, config: question.config },
  };
}

function refusalOf(voter: SuccessionVoter, question: SuccessionQuestion): SuccessionAnswer | undefined {
  const { self, incarnation, config } = voter;
  const epoch = config?.epoch ?? 0;
  if (config !== undefined && (question.epoch < epoch || question.mesh !== config.mesh))
    return { version: CLAIM_VERSION, kind: 'ahead', incarnation, config };
  if (question.epoch > epoch) return { version: CLAIM_VERSION, kind: 'behind', incarnation };
  const isFit = config === undefined ? isFitForFirst(voter, question) : isVoter(config, self, incarnation);
  return isFit ? undefined : { version: CLAIM_VERSION, kind: 'refused', incarnation };
}

/** Whether this host may take part in making that first configuration. */
function isFitForFirst(
  { self, incarnation, wished, pristine }: SuccessionVoter,
  question: SuccessionQuestion,
): boolean {
  const isOurWish = sameHosts(question.hosts, wished) && wished.includes(self);
  return pristine && isOurWish && (question.kind === 'prepare' || question.config.voters[self] === incarnation);
}

/** An attempt to have `target` chosen as the successor of `from`; only this file and the core write to it. */
export interface Decree {
  /** Absent: the first configuration is to be made. */
  readonly from: Config | undefined;
  readonly target: Config;
  readonly n: number;
  phase: 'preparing' | 'accepting';
  proposed: Config;
  readonly promises: Map<VoteKey, { readonly accepted: Ballot | null; readonly config: Config | null }>;
  readonly accepts: Set<VoteKey>;
  /** Who answered at all, as the voter that it is now. */
  readonly present: Set<VoteKey>;
}

export function createDecree(from: Config | undefined, target: Config, n: number): Decree {
  return {
    from,
    target,
    n,
    phase: 'preparing',
    proposed: target,
    promises: new Map(),
    accepts: new Set(),
    present: new Set(),
  };
}

export type DecreeProgress =
  | { readonly kind: 'wait' }
  /** Ask everybody to accept `decree.proposed`. */
  | { readonly kind: 'accept' }
  | { readonly kind: 'chosen'; readonly config: Config }
  /** A newer attempt is under way: try again later, above `n`. */
  | { readonly kind: 'outbid'; readonly n: number }
  /** A first configuration may have been chosen already that can't be completed now. */
  | { readonly kind: 'stuck' };

/**
 * Takes one voter's answer to this attempt; `ahead`, `behind` and `refused` are the caller's to act on. A target of our own is
 * proposed only while a majority of its voters is there: one that has lost its disk meanwhile would stop the mesh for good.
 */
export function hearOfDecree(decree: Decree, from: HostId, answer: SuccessionAnswer): DecreeProgress {
  const vote = voteKey(from, answer.incarnation);
  decree.present.add(vote);
  if (answer.kind === 'nack' && answer.n === decree.n) return { kind: 'outbid', n: answer.promised[0] };
  if (answer.kind === 'accepted') {
    if (decree.phase !== 'accepting' || answer.n !== decree.n) return { kind: 'wait' };
    decree.accepts.add(vote);
    return isDecided(decree, decree.accepts) ? { kind: 'chosen', config: decree.proposed } : { kind: 'wait' };
  }
  if (decree.phase !== 'preparing') return { kind: 'wait' };
  if (answer.kind === 'promise' && answer.n === decree.n)
    decree.promises.set(vote, { accepted: answer.accepted, config: answer.config });
  if (!isDecided(decree, new Set(decree.promises.keys()))) return { kind: 'wait' };
  const bound = decree.from === undefined ? boundFirst(decree) : newestOf(decree);
  if (bound === 'stuck') return { kind: 'stuck' };
  if (bound === null && decree.from !== undefined && !isMajority(decree.target.voters, decree.present))
    return { kind: 'wait' };
  decree.phase = 'accepting';
  decree.proposed = bound ?? decree.target;
  return { kind: 'accept' };
}

function isDecided({ from, target }: Decree, votes: ReadonlySet<VoteKey>): boolean {
  if (from !== undefined) return isQuorum(from, votes);
  return hostsOf(target.voters).every((host) => votes.has(voteKey(host, target.voters[host] ?? '')));
}

function newestOf({ promises }: Decree): Config | null {
  let best: { readonly accepted: Ballot | null; readonly config: Config | null } = { accepted: null, config: null };
  for (const promise of promises.values()) if (compareBallots(promise.accepted, best.accepted) > 0) best = promise;
  return best.config;
}

/**
 * The first configuration that an earlier attempt binds us to. It was chosen only if *all* of its voters accepted it, and it has
 * an effect only where a majority of them have adopted it. All who promise here have adopted nothing, and now never accept
 * it any more: so one of its voters here who never accepted it proves that it was not chosen, and a majority of them here
 * that it is without effect for ever. Otherwise it must be completed, which only its own voters can.
 */
function boundFirst(decree: Decree): Config | null | 'stuck' {
  const earlier = newestOf(decree);
  if (earlier === null || earlier.mesh === decree.target.mesh) return earlier;
  const here = hostsOf(earlier.voters)
    .map((host) => decree.promises.get(voteKey(host, earlier.voters[host] ?? '')))
    .filter((promise) => promise !== undefined);
  const isUnchosen = here.some(({ config }) => config?.mesh !== earlier.mesh);
  const outside = hostsOf(earlier.voters).length - here.length;
  if (isUnchosen || outside < majorityOf(hostsOf(earlier.voters).length)) return null;
  return 'stuck';
}
