// One greeting at a time to each host. While a mesh forms each is greeted twice a second, and hosts that have too much to do would be asked for more
// answers than they can ever give: the next greeting waits for the end of the one before, and then says what is to be said by then.
import type { HostId } from '../names.ts';
import { GREETING_MS_MAX } from '../peer-silence.ts';
import type { Clock } from '../ports.ts';
import { withinMs } from '../time/deadline.ts';

export class GreetingsUnderWay {
  readonly #clock: Clock;
  readonly #greet: (to: HostId) => void;
  /** Hosts that have yet to answer, and whether another greeting waits for that. */
  readonly #underWay = new Map<HostId, { isAnotherWanted: boolean }>();

  /** `greet`: has a host greeted whose next greeting has waited. */
  constructor(clock: Clock, greet: (to: HostId) => void) {
    this.#clock = clock;
    this.#greet = greet;
  }

  /** Whether a greeting that is to leave now must wait; then `greet` is called for it when its time has come. */
  isToWait(to: HostId): boolean {
    const underWay = this.#underWay.get(to);
    if (underWay === undefined) return false;
    underWay.isAnotherWanted = true;
    return true;
  }

  /** A greeting left. It is over with its answer or its failure, or after `GREETING_MS_MAX`: then the answer may be lost, and still counts when it comes. */
  begun(to: HostId, heard: Promise<unknown>): void {
    const underWay = { isAnotherWanted: false };
    this.#underWay.set(to, underWay);
    const ended = heard.then(
      () => undefined,
      // Why it failed is told to who asked (greeting-answer.ts).
      () => undefined,
    );
    void withinMs(this.#clock, GREETING_MS_MAX, ended, undefined).then(() => {
      this.#underWay.delete(to);
      if (underWay.isAnotherWanted) this.#greet(to);
    });
  }
}
