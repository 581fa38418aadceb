// Which configuration follows (step 6 of README.md). For each epoch there is one register that is written once, by single-decree Paxos among
// the voters of that epoch, so that two hosts which move the mesh at once end with one and the same configuration. The first configuration
// is the successor of epoch 0 and is decided by *all* its voters: a host outside a majority might own addresses already.
// Nothing is said here about whether a change is wise: next-config.ts says so, and an operator before it.

import { PAST_CONFIGS_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import { type Ballot, compareBallots, proposerName } from '../register/ballot.ts';
import { nextBallotNumber, noteBallotNumber, reserveBallots } from '../state/ballot-numbers.ts';
import { successionWrite } from '../state/claim-records.ts';
import {
  type Config,
  electorsOf,
  hostsOf,
  isMajority,
  isQuorum,
  isVoter,
  majorityOf,
  sameHosts,
  type VoteKey,
  voteKey,
} from '../state/config.ts';
import type { CoreState } from '../state/core-state.ts';
import type { Effect } from '../state/events.ts';
import { type ConfigProposal, isHearingFirst, type Membership, type SuccessionRecord } from '../state/membership.ts';
import { CLAIM_VERSION, type SuccessionAnswer, type SuccessionQuestion } from '../state/messages.ts';
import { isPristine, standingOf } from './epoch.ts';
import { patienceOf } from './next-config.ts';

/** A proposal of the next configuration, before it is given up and begun again; longer after each that came to nothing. */
export const CONFIG_PROPOSAL_MS_MAX = 3_000;

/** Gives up a proposal that has had its time. */
export function giveUpInTime(membership: Membership, nowMs: number): void {
  const { proposing } = membership;
  if (proposing === undefined || nowMs - proposing.sinceMs <= CONFIG_PROPOSAL_MS_MAX * patienceOf(membership)) return;
  setBack(membership, nowMs);
}

/** This host's proposal came to nothing: the next one is given more time, and leaves more to others, or proposals outbid each other for ever. */
function setBack(membership: Membership, nowMs: number): void {
  membership.proposing = undefined;
  membership.setbacks = { count: membership.setbacks.count + 1, atMs: nowMs };
}

/** Begins a proposal of `wanted` as the next configuration, unless one is under way. */
export function proposeConfig(state: CoreState, wanted: Config, out: Effect[]): void {
  const { membership } = state;
  if (membership.proposing !== undefined) return;
  const proposal = createConfigProposal(membership.config, wanted, nextBallotNumber(state));
  membership.proposing = { proposal, sinceMs: state.nowMs };
  reserveBallots(state, out);
  const asks = askAll(state, proposal, { kind: 'prepare' });
  if (state.highestBallot <= state.ballotCeiling) out.push(...asks);
  else out.push({ type: 'persist', writes: [], after: asks });
}

/** One question, put to the electors and to the voters that are proposed. */
function askAll(
  state: CoreState,
  { from, wanted, n }: ConfigProposal,
  what: { readonly kind: 'prepare' } | { readonly kind: 'accept'; readonly config: Config },
): Effect[] {
  const electors = from === undefined ? [] : electorsOf(from);
  const hosts = [...new Set([...electors, ...hostsOf(wanted.voters)])].sort();
  const question: SuccessionQuestion = { ...standingOf(state), about: 'succession', n, hosts, ...what };
  return hosts.map((to) => ({ type: 'ask', to, question }));
}

/** This host's answer to a proposal. `writes`: gains what must be durable before the answer leaves. */
export function answerProposal(
  state: CoreState,
  from: HostId,
  question: SuccessionQuestion,
  writes: Write[],
): SuccessionAnswer {
  const { membership } = state;
  const { self, config, succession, starts, wish } = membership;
  const { data } = starts.own;
  const isSilenced = starts.withdrawnOnWordOf !== undefined || isHearingFirst(membership);
  if (isSilenced || config?.gone[from] !== undefined)
    return { version: CLAIM_VERSION, kind: 'refused', incarnation: data };
  const voter = { self, data, config, succession, wished: wish.voters, pristine: isPristine(state) };
  const { answer, record } = voteOnSuccession(voter, from, question);
  if (record !== undefined) {
    membership.succession = record;
    starts.votes += 1;
    writes.push(successionWrite(record));
  }
  return answer;
}

/** Hears one answer to this host's proposal. Returns the configuration that was chosen, once one is. */
export function hearProposalAnswer(
  state: CoreState,
  from: HostId,
  answer: SuccessionAnswer,
  out: Effect[],
): Config | undefined {
  const { membership } = state;
  const proposal = membership.proposing?.proposal;
  if (proposal === undefined) return undefined;
  const progress = hearVote(proposal, from, answer);
  switch (progress.kind) {
    case 'wait':
      return undefined;
    case 'accept':
      out.push(...askAll(state, proposal, { kind: 'accept', config: proposal.proposed }));
      return undefined;
    case 'chosen':
      membership.proposing = undefined;
      return progress.config;
    case 'outbid':
      noteBallotNumber(state, progress.n);
      setBack(membership, state.nowMs);
      return undefined;
    case 'stuck':
      membership.proposing = undefined;
      // The same list of voters is proposed again and again, and logged once.
      if (membership.stuckWith !== proposal.wanted.mesh)
        out.push({ type: 'log', event: 'mesh.stuck', fields: { voters: hostsOf(proposal.wanted.voters) } });
      membership.stuckWith = proposal.wanted.mesh;
      return undefined;
  }
}

/** What a voter's vote on a succession depends on. */
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

/** A voter's answer, and its vote. */
export interface SuccessionVote {
  readonly answer: SuccessionAnswer;
  /** To be stored before the answer leaves; absent when nothing changed. */
  readonly record?: SuccessionRecord;
}

/** This voter's answer to one question of `from`. Pure. */
export function voteOnSuccession(voter: SuccessionVoter, from: HostId, question: SuccessionQuestion): SuccessionVote {
  const refusal = whyNoVote(voter, question);
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
  if (kept.length > PAST_CONFIGS_MAX) return { answer: { version: CLAIM_VERSION, kind: 'refused', incarnation } };
  return {
    answer: { version: CLAIM_VERSION, kind: 'accepted', incarnation, n },
    record: {
      ...{ epoch, promised: ballot, accepted: ballot, config: question.config },
      ...(kept.length === 0 ? {} : { past: kept }),
    },
  };
}

/** The first configurations that a voter accepted before `next`, once it accepts `next` in the place of `config`. */
function pastWith(past: readonly Config[], config: Config | null, next: Config): readonly Config[] {
  const all = config === null ? past : [...past.filter(({ mesh }) => mesh !== config.mesh), config];
  return all.filter(({ mesh }) => mesh !== next.mesh);
}

function whyNoVote(voter: SuccessionVoter, question: SuccessionQuestion): SuccessionAnswer | undefined {
  const { self, data, config } = voter;
  const epoch = config?.epoch ?? 0;
  if (config !== undefined && (question.epoch < epoch || question.mesh !== config.mesh))
    return { version: CLAIM_VERSION, kind: 'ahead', incarnation: data, config };
  if (question.epoch > epoch) return { version: CLAIM_VERSION, kind: 'behind', incarnation: data };
  const isFit = config === undefined ? isFitForFirst(voter, question) : isVoter(config, self, data);
  return isFit ? undefined : { version: CLAIM_VERSION, kind: 'refused', incarnation: data };
}

/** Whether this host may take part in choosing the first configuration that the question is about. */
function isFitForFirst({ self, data, wished, pristine }: SuccessionVoter, question: SuccessionQuestion): boolean {
  const isOurWish = sameHosts(question.hosts, wished) && wished.includes(self);
  return pristine && isOurWish && (question.kind === 'prepare' || question.config.voters[self] === data);
}

/** `n`: a ballot number that this host never used before. */
export function createConfigProposal(from: Config | undefined, wanted: Config, n: number): ConfigProposal {
  return {
    from,
    wanted,
    n,
    phase: 'preparing',
    proposed: wanted,
    promises: new Map(),
    accepts: new Set(),
    present: new Set(),
  };
}

/** What an answer led to. */
export type ProposalProgress =
  | { readonly kind: 'wait' }
  /** Ask everybody to accept `proposal.proposed`. */
  | { readonly kind: 'accept' }
  | { readonly kind: 'chosen'; readonly config: Config }
  /** A newer attempt is under way: try again later, above `n`. */
  | { readonly kind: 'outbid'; readonly n: number }
  /** Another first configuration may have been chosen, and can't be completed from here. */
  | { readonly kind: 'stuck' };

/**
 * Hears one voter's answer to this proposal; to act on `ahead`, `behind` and `refused` is the caller's part. `wanted` itself is put to the
 * vote only while a majority of its voters is there: voters that have just lost their data would stop the mesh for good.
 */
export function hearVote(proposal: ConfigProposal, from: HostId, answer: SuccessionAnswer): ProposalProgress {
  const vote = voteKey(from, answer.incarnation);
  proposal.present.add(vote);
  if (answer.kind === 'nack' && answer.n === proposal.n) return { kind: 'outbid', n: answer.promised[0] };
  if (answer.kind === 'accepted') {
    if (proposal.phase !== 'accepting' || answer.n !== proposal.n) return { kind: 'wait' };
    proposal.accepts.add(vote);
    return isDecided(proposal, proposal.accepts) ? { kind: 'chosen', config: proposal.proposed } : { kind: 'wait' };
  }
  if (proposal.phase !== 'preparing') return { kind: 'wait' };
  if (answer.kind === 'promise' && answer.n === proposal.n) proposal.promises.set(vote, answer);
  if (!isDecided(proposal, new Set(proposal.promises.keys()))) return { kind: 'wait' };
  const bound = proposal.from === undefined ? boundFirst(proposal) : newestOf(proposal);
  if (bound === 'stuck') return { kind: 'stuck' };
  if (bound === null && proposal.from !== undefined && !isMajority(proposal.wanted.voters, proposal.present))
    return { kind: 'wait' };
  proposal.phase = 'accepting';
  proposal.proposed = bound ?? proposal.wanted;
  return { kind: 'accept' };
}

function isDecided({ from, wanted }: ConfigProposal, votes: ReadonlySet<VoteKey>): boolean {
  if (from !== undefined) return isQuorum(from, votes);
  return hostsOf(wanted.voters).every((host) => votes.has(voteKey(host, wanted.voters[host] ?? '')));
}

/** The configuration that was accepted under the newest ballot, as far as those who promised know. */
function newestOf({ promises }: ConfigProposal): Config | null {
  let best: Pick<SuccessionRecord, 'accepted' | 'config'> = { accepted: null, config: null };
  for (const promise of promises.values()) if (compareBallots(promise.accepted, best.accepted) > 0) best = promise;
  return best.config;
}

/**
 * The first configuration that earlier proposals bind this one to, if any. A first configuration was chosen only if *all* its voters
 * accepted it, and it has an effect only once a majority of its voters has adopted it. A host that promises here has adopted none, and by
 * accepting this proposal it never will. So an earlier configuration is harmless if one of its voters here never accepted it (then it was
 * not chosen), or if a majority of its voters is here (then it is without effect for ever). Any other must be completed, which only its
 * own voters can do: this proposal is stuck. Every configuration that somebody here ever accepted is looked at, not only the newest.
 */
function boundFirst(proposal: ConfigProposal): Config | null | 'stuck' {
  const newest = newestOf(proposal);
  const earlier = [...proposal.promises.values()].flatMap(({ config, past = [] }) => [
    ...past,
    ...(config ? [config] : []),
  ]);
  const isBinding = (one: Config) => one.mesh !== proposal.wanted.mesh && mayTakeEffect(proposal, one);
  if (earlier.some(isBinding)) return 'stuck';
  return newest?.mesh === proposal.wanted.mesh ? newest : null;
}

/** Whether that first configuration may have been chosen, and may still be adopted by a majority of its voters. */
function mayTakeEffect({ promises }: ConfigProposal, { mesh, voters }: Config): boolean {
  const here = hostsOf(voters)
    .map((host) => promises.get(voteKey(host, voters[host] ?? '')))
    .filter((promise) => promise !== undefined);
  const isUnchosen = here.some(({ config, past = [] }) => [config, ...past].every((one) => one?.mesh !== mesh));
  const outside = hostsOf(voters).length - here.length;
  return !isUnchosen && outside >= majorityOf(hostsOf(voters).length);
}
