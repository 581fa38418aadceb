// How a greeting ends. A host that does not answer in time counts as silent; when its answer comes after all, it is there: on a busy machine all
// hosts are late, and none of them is gone.
import { MeshError } from '../errors.ts';
import type { HostId } from '../names.ts';
import { GREETING_MS_MAX, OWN_LAG_MS_MAX } from '../peer-silence.ts';
import type { Clock } from '../ports.ts';
import type { Event } from '../state/events.ts';
import { isGreeting, type MembershipQuestion, type Reply } from '../state/messages.ts';
import { withinMs } from '../time/deadline.ts';
import type { Conversation } from './conversation.ts';
import { refusalIn } from './peer-refusal.ts';

export interface GreetingAnswerOptions {
  readonly to: HostId;
  readonly question: MembershipQuestion;
  readonly heard: Promise<Reply>;
  readonly clock: Clock;
  readonly conversation: Conversation | undefined;
  readonly dispatch: (event: Event) => void;
}

/** Tells the core and the conversation what comes of a greeting that leaves now. */
export function hearGreetingAnswer(options: GreetingAnswerOptions): void {
  const { to, question, heard, clock, conversation, dispatch } = options;
  const sinceMs = clock.monotonicMs();
  let isLate = false;
  const failed = (error: unknown) => {
    conversation?.greeted(to, { sinceMs, error });
    dispatch({ type: 'ungreeted', from: to, sinceMs, why: refusalIn(error) });
  };
  heard.then(
    (reply) => {
      // Of a short greeting that was not known, the whole one follows at once, and its end counts.
      if (isGreeting(reply)) conversation?.greeted(to, { sinceMs, reply });
      dispatch({ type: 'replied', from: to, question, reply });
    },
    (error: unknown) => {
      const isSilence = error instanceof MeshError && error.code === 'peer_silent';
      if (!(isLate && isSilence)) failed(error);
    },
  );
  void isAnsweredInTime(heard, clock).then((isAnswered) => {
    if (isAnswered) return;
    isLate = true;
    failed(new MeshError('peer_silent', `Host '${to}' did not answer a greeting within ${GREETING_MS_MAX} ms.`));
  });
}

/** Where this host itself was too busy to look at its clock in time, the answer may be here already: it is given as long again. */
async function isAnsweredInTime(heard: Promise<Reply>, clock: Clock): Promise<boolean> {
  const sinceMs = clock.monotonicMs();
  const isHeard = heard.then(
    () => true,
    () => true,
  );
  if (await withinMs(clock, GREETING_MS_MAX, isHeard, false)) return true;
  const lagMs = clock.monotonicMs() - sinceMs - GREETING_MS_MAX;
  return lagMs > OWN_LAG_MS_MAX && (await withinMs(clock, GREETING_MS_MAX, isHeard, false));
}
