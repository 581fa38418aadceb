// Which configuration follows: for each epoch one register that is written once, by single-decree Paxos among the voters of that
// epoch. So two hosts that move the mesh at once end with one and the same successor, and no epoch has two.
// The first configuration is the successor of epoch 0, decided by *all* the hosts that were wished for: one that stays outside
// a majority may own addresses already. Pure; what must be on disk before the answer leaves is returned beside it.
// It does not decide whether a change is wise: move.ts does, and an operator before it.

import { CLAIM_VERSION, type SuccessionAnswer, type SuccessionQuestion } from '../claims/messages.ts';
import type { HostId } from '../names.ts';
import { type Ballot, compareBallots, proposerName } from '../register/ballot.ts';
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

/** What a voter holds of the successor of `epoch`. Stored as it is; void once the voter is in a later epoch. */
export interface SuccessionRecord {
  readonly epoch: number;
  readonly promised: Ballot;
  readonly accepted: Ballot | null;
  readonly config: Config | null;
  /** Other first configurations that it accepted before: each may have been chosen. Oldest first. */
  readonly past?: readonly Config[] | undefined;
}

/** More are not accepted: a host whose file was edited so often while the mesh could not form is told to join another by hand. */
export const PAST_MAX = 16;

/** Who votes on a succession, as far as it matters there. */
export interface SuccessionVoter {
  readonly self: HostId;
  /** Name of its data. */
  readonly data: string;
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
  const incarnation = voter.data;
  const { n, epoch } = question;
  const ballot: Ballot = [n, proposerName(from, question.incarnation)];
  const record = voter.succession?.epoch === epoch ? voter.succession : undefined;
  if (record !== undefined && compareBallots(ballot, record.promised) < 0)
    return { answer: { version: CLAIM_VERSION, kind: 'nack', incarnation, n, promised: record.promised } };
  const accepted = record?.accepted ?? null;
  const config = record?.config ?? null;
  const past = record?.past ?? [];
  if (question.kind === 'prepare') {
    const told = past.length === 0 ? {} : { past };
    return {
      answer: { version: CLAIM_VERSION, kind: 'promise', incarnation, n, accepted, config, ...told },
      record: { epoch, promised: ballot, accepted, config, ...told },
    };
  }
  const kept = epoch === 0 ? pastWith(past, config, question.config) : [];
  if (kept.length > PAST_MAX) return { answer: { version: CLAIM_VERSION, kind: 'refused', incarnation } };
  return {
    answer: { version: CLAIM_VERSION, kind: 'accepted', incarnation, n },
    record: {
      ...{ epoch, promised: ballot, accepted: ballot, config: question.config },
      ...(kept.length === 0 ? {} : { past: kept }),
    },
  };
}

/** What was accepted before `next`, once `config` is replaced by it. */
function pastWith(past: readonly Config[], config: Config | null, next: Config): readonly Config[] {
  const all = config === null ? past : [...past.filter(({ mesh }) => mesh !== config.mesh), config];
  return all.filter(({ mesh }) => mesh !== next.mesh);
}

function refusalOf(voter: SuccessionVoter, question: SuccessionQuestion): SuccessionAnswer | undefined {
  const { self, data, config } = voter;
  const epoch = config?.epoch ?? 0;
  if (config !== undefined && (question.epoch < epoch || question.mesh !== config.mesh))
    return { version: CLAIM_VERSION, kind: 'ahead', incarnation: data, config };
  if (question.epoch > epoch) return { version: CLAIM_VERSION, kind: 'behind', incarnation: data };
  const isFit = config === undefined ? isFitForFirst(voter, question) : isVoter(config, self, data);
  return isFit ? undefined : { version: CLAIM_VERSION, kind: 'refused', incarnation: data };
}

/** Whether this host may take part in making that first configuration. */
function isFitForFirst({ self, data, wished, pristine }: SuccessionVoter, question: SuccessionQuestion): boolean {
  const isOurWish = sameHosts(question.hosts, wished) && wished.includes(self);
  return pristine && isOurWish && (question.kind === 'prepare' || question.config.voters[self] === data);
}

type Promised = Pick<SuccessionRecord, 'accepted' | 'config' | 'past'>;

/** An attempt to have `target` chosen as the successor of `from`; only this file and the core write to it. */
export interface Decree {
  /** Absent: the first configuration is to be made. */
  readonly from: Config | undefined;
  readonly target: Config;
  readonly n: number;
  phase: 'preparing' | 'accepting';
  proposed: Config;
  readonly promises: Map<VoteKey, Promised>;
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
  if (answer.kind === 'promise' && answer.n === decree.n) decree.promises.set(vote, answer);
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
  let best: Promised = { accepted: null, config: null };
  for (const promise of promises.values()) if (compareBallots(promise.accepted, best.accepted) > 0) best = promise;
  return best.config;
}

/**
 * The first configuration that earlier attempts bind us to. One was chosen only if *all* of its voters accepted it, and it has an
 * effect only where a majority of them have adopted it. All who promise here have adopted nothing, and by accepting another they will
 * never adopt it: so one of its voters here who never accepted it proves that it was not chosen, and a majority of them here that it
 * is without effect for ever. Otherwise it must be completed, which only its own voters can. That goes for each that somebody here
 * ever accepted, not for the newest alone.
 */
function boundFirst(decree: Decree): Config | null | 'stuck' {
  const newest = newestOf(decree);
  const earlier = [...decree.promises.values()].flatMap(({ config, past = [] }) => [
    ...past,
    ...(config ? [config] : []),
  ]);
  const isBinding = (one: Config) => one.mesh !== decree.target.mesh && mayTakeEffect(decree, one);
  if (earlier.some(isBinding)) return 'stuck';
  return newest?.mesh === decree.target.mesh ? newest : null;
}

function mayTakeEffect({ promises }: Decree, { mesh, voters }: Config): boolean {
  const here = hostsOf(voters)
    .map((host) => promises.get(voteKey(host, voters[host] ?? '')))
    .filter((promise) => promise !== undefined);
  const isUnchosen = here.some(({ config, past = [] }) => [config, ...past].every((one) => one?.mesh !== mesh));
  const outside = hostsOf(voters).length - here.length;
  return !isUnchosen && outside >= majorityOf(hostsOf(voters).length);
}
