// What the core has this host say to others, and to itself: items of registers in an outbox a peer, questions one by one. The answers go
// back to the core as events, and silence does too. This host's own vote takes the same messages, without a network.
import { messageOf } from '../membership/epoch.ts';
import type { HostId } from '../names.ts';
import type { Clock, PeerTransport } from '../ports.ts';
import type { Item } from '../register/item.ts';
import { Outbox } from '../register/outbox.ts';
import type { CoreState } from '../state/core-state.ts';
import type { Event } from '../state/events.ts';
import { type ClaimAnswer, type ClaimMessage, type ClaimQuestion, isGreeting, type Reply } from '../state/messages.ts';
import { isAboutReleased } from './collection.ts';
import { type Conversation, withIndex } from './conversation.ts';
import { hearGreetingAnswer } from './greeting-answer.ts';
import { GreetingsUnderWay } from './greetings-under-way.ts';
import { askQuestion, sendMessage } from './peer-questions.ts';

export interface SpeakerOptions {
  readonly self: HostId;
  readonly state: CoreState;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly conversation: Conversation | undefined;
  /** What this host answers to itself. */
  readonly own: {
    receive(from: HostId, message: ClaimMessage): Promise<ClaimAnswer>;
    receiveQuestion(from: HostId, question: ClaimQuestion): Promise<Reply>;
  };
  /** Told of what was answered, or not; and whom the core is to greet now. */
  dispatch(event: Event): void;
}

/** Sends items and questions to hosts, this one among them, and tells `dispatch` what came back, or that nothing did. */
export class Speaker {
  readonly #options: SpeakerOptions;
  readonly #outboxes = new Map<HostId, Outbox<ClaimAnswer>>();
  readonly #greetings: GreetingsUnderWay;

  constructor(options: SpeakerOptions) {
    this.#options = options;
    this.#greetings = new GreetingsUnderWay(options.clock, (to) => options.dispatch({ type: 'greet', to }));
  }

  send(to: HostId, items: readonly Item[]): void {
    if (to === this.#options.self) this.#sendToSelf(items);
    else this.#outbox(to).push(items);
  }

  ask(to: HostId, question: ClaimQuestion): void {
    const { self, transport, clock, conversation, own, dispatch } = this.#options;
    if (isGreeting(question) && this.#greetings.isToWait(to)) return;
    const said = withIndex(question, conversation);
    const heard = to === self ? own.receiveQuestion(self, said) : askQuestion(transport, to, said);
    if (isGreeting(question)) {
      hearGreetingAnswer({ to, question, heard, clock, conversation, dispatch: (event) => dispatch(event) });
      this.#greetings.begun(to, heard);
      return;
    }
    const sinceMs = clock.monotonicMs();
    heard.then(
      (reply) => dispatch({ type: 'replied', from: to, question, reply }),
      // Silence is a result: the presence of peers is watched, and logged, elsewhere.
      () => {
        // A voter of a version that collects no names does not know the question, and is there for any other.
        if (!isAboutReleased(question)) dispatch({ type: 'silent', from: to, sinceMs });
      },
    );
  }

  #sendToSelf(items: readonly Item[]): void {
    const { self, state, own, dispatch } = this.#options;
    const heard = own.receive(self, messageOf(state, items));
    void heard.then((answer) => dispatch({ type: 'answered', from: self, answer, tookMs: 0 }));
  }

  #outbox(to: HostId): Outbox<ClaimAnswer> {
    const known = this.#outboxes.get(to);
    if (known) return known;
    const { state, transport, clock, dispatch } = this.#options;
    const outbox = new Outbox<ClaimAnswer>({
      to,
      clock,
      say: (_, items) => sendMessage(transport, to, messageOf(state, items)),
      isWanted: (n) => state.attempts.has(n),
      heard: (from, answer, tookMs) => dispatch({ type: 'answered', from, answer, tookMs }),
      silent: (from, sinceMs) => dispatch({ type: 'silent', from, sinceMs }),
    });
    this.#outboxes.set(to, outbox);
    return outbox;
  }
}
