// Having the next configuration chosen: asks the voters of the present one, votes when another host asks, and tells the caller what
// was chosen. One attempt at a time; one that nobody answers is given up after a while, and begun again.

import { successionWrite } from '../claims/claim-records.ts';
import type { CoreState } from '../claims/core-state.ts';
import type { Effect } from '../claims/events.ts';
import { CLAIM_VERSION, type SuccessionAnswer, type SuccessionQuestion } from '../claims/messages.ts';
import type { HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import { reserveBallots } from '../register/operation.ts';
import { type Config, electorsOf, hostsOf } from './config.ts';
import { isPristine, standingOf } from './epoch.ts';
import { isHearingFirst } from './membership.ts';
import { createDecree, hearOfDecree, voteOnSuccession } from './succession.ts';

/** Begins an attempt to have `target` chosen, unless one is under way. */
export function decide(state: CoreState, target: Config, out: Effect[]): void {
  if (state.decree !== undefined) return;
  const { config } = state.membership;
  state.highestBallot += 1;
  const decree = createDecree(config, target, state.highestBallot);
  state.decree = { decree, sinceMs: state.nowMs };
  reserveBallots(state, out);
  const asks = askAboutSuccession(state, { kind: 'prepare' });
  if (state.highestBallot <= state.ballotCeiling) out.push(...asks);
  else out.push({ type: 'persist', writes: [], after: asks });
}

function askAboutSuccession(
  state: CoreState,
  what: { readonly kind: 'prepare' } | { readonly kind: 'accept'; readonly config: Config },
): Effect[] {
  const decree = state.decree?.decree;
  if (decree === undefined) return [];
  const electors = decree.from === undefined ? [] : electorsOf(decree.from);
  const hosts = [...new Set([...electors, ...hostsOf(decree.target.voters)])].sort();
  const question: SuccessionQuestion = { ...standingOf(state), about: 'succession', n: decree.n, hosts, ...what };
  return hosts.map((to) => ({ type: 'ask', to, question }));
}

/** This host's vote on a successor. */
export function voteOn(
  state: CoreState,
  from: HostId,
  question: SuccessionQuestion,
  writes: Write[],
): SuccessionAnswer {
  const { membership } = state;
  const { self, config, succession, starts, wish } = membership;
  const incarnation = starts.own.data;
  const isSilenced = starts.withdrawnOnWordOf !== undefined || isHearingFirst(membership);
  if (isSilenced || config?.gone[from] !== undefined) return { version: CLAIM_VERSION, kind: 'refused', incarnation };
  const voter = { self, data: incarnation, config, succession, wished: wish.voters, pristine: isPristine(state) };
  const { answer, record } = voteOnSuccession(voter, from, question);
  if (record !== undefined) {
    membership.succession = record;
    starts.votes += 1;
    writes.push(successionWrite(record));
  }
  return answer;
}

/** Takes one vote; returns what was chosen, once it is. */
export function hearVote(state: CoreState, from: HostId, answer: SuccessionAnswer, out: Effect[]): Config | undefined {
  const decree = state.decree?.decree;
  if (decree === undefined) return undefined;
  const progress = hearOfDecree(decree, from, answer);
  switch (progress.kind) {
    case 'wait':
      return undefined;
    case 'accept':
      out.push(...askAboutSuccession(state, { kind: 'accept', config: decree.proposed }));
      return undefined;
    case 'chosen':
      state.decree = undefined;
      return progress.config;
    case 'outbid':
      state.highestBallot = Math.max(state.highestBallot, progress.n);
      state.decree = undefined;
      return undefined;
    case 'stuck':
      state.decree = undefined;
      // It is tried again and again; said once for each list of voters.
      if (state.stuckWith !== decree.target.mesh)
        out.push({ type: 'log', event: 'mesh.stuck', fields: { voters: hostsOf(decree.target.voters) } });
      state.stuckWith = decree.target.mesh;
      return undefined;
  }
}
