// A question that goes over a channel, where there is one that takes it now; what has none goes over HTTP, with the same meaning.
import type { ChannelLane } from '../../../mesh/channel/lanes.ts';
import { type ChannelAnswer, writeQuestion } from '../../../mesh/channel/message.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { PeerLane, PeerRequest } from '../../../mesh/ports.ts';
import type { Host } from '../../../mesh/roster.ts';
import type { Channels } from './channels.ts';

/** Whole indexes are too large for a channel, which others wait for. */
const LANE_OF: Readonly<Record<PeerLane, ChannelLane | undefined>> = {
  claims: 0,
  greetings: 0,
  'look-ups': 1,
  feeds: 1,
  indexes: undefined,
};

export interface SpelledQuestion {
  readonly request: PeerRequest;
  /** Path with query, in its canonical spelling. */
  readonly target: string;
  readonly body: Uint8Array;
}

/**
 * `undefined`: it was not asked, or the channel ended before the answer came, and it may be asked again: every question between hosts may
 * come twice. Rejects with the reason of `deadline`, or with `peer_unintelligible`.
 */
export async function askOverChannel(
  channels: Channels | undefined,
  host: Host,
  { request, target, body }: SpelledQuestion,
  deadline: AbortSignal,
): Promise<ChannelAnswer | undefined> {
  const { lane: subject, method, headers = {}, answerBytesMax, isSeldom = false } = request;
  const lane = LANE_OF[subject];
  if (channels === undefined || lane === undefined) return undefined;
  const channel = channels.towards(host, lane, { isSeldom });
  if (channel === undefined) return undefined;
  const fields = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const question = writeQuestion({ method, target, fields, body });
  const answer = question && (await channel.ask(lane, question, deadline));
  if (answer === undefined) return undefined;
  if (answer.body.byteLength > answerBytesMax) {
    const message = `Its answer is larger than ${answerBytesMax} octets, the most that is read here.`;
    throw new MeshError('peer_unintelligible', message);
  }
  return answer;
}
