// One connection of LMTP for many mails, as a mail server keeps it; another one where it ends, and after a while, for the node ends each after ten
// minutes, which might be in the midst of a mail.
import { setTimeout as pause } from 'node:timers/promises';
import { SmtpTalk } from '../../test/support/smtp-talk.ts';

/** Mails of one connection. */
const MAILS_MAX = 100;

export class LmtpLine implements AsyncDisposable {
  readonly #port: number;
  readonly #inboxId: string;
  readonly #answerMsMax: number;
  #talk: SmtpTalk | undefined;
  #mails = 0;

  constructor(port: number, inboxId: string, answerMsMax: number) {
    this.#port = port;
    this.#inboxId = inboxId;
    this.#answerMsMax = answerMsMax;
  }

  /** Whether it was taken; `undefined`: there was no answer in time. */
  async bring(mail: Buffer): Promise<boolean | undefined> {
    if (this.#mails === MAILS_MAX) await this[Symbol.asyncDispose]();
    this.#mails += 1;
    const late = new AbortController();
    const answered = this.#answer(mail);
    const answer = await Promise.race([answered, pause(this.#answerMsMax, undefined, { signal: late.signal })]);
    late.abort();
    if (answer === undefined) await this[Symbol.asyncDispose]();
    return answer;
  }

  async #answer(mail: Buffer): Promise<boolean | undefined> {
    if (!(await this.#begin())) {
      // The node ends a connection that is open for long, or that it has refused much on.
      await this[Symbol.asyncDispose]();
      if (!(await this.#begin())) return false;
    }
    const [answer = ''] = (await this.#talk?.mail(mail)) ?? [];
    return answer === '' ? undefined : answer.startsWith('250');
  }

  /** Whether the recipient was taken. */
  async #begin(): Promise<boolean> {
    this.#talk ??= await SmtpTalk.open(this.#port, 'LHLO mx.y.com');
    await this.#talk.say('MAIL FROM:<jane@y.com> BODY=8BITMIME');
    return (await this.#talk.say(`RCPT TO:<${this.#inboxId}>`)).startsWith('250');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const talk = this.#talk;
    this.#talk = undefined;
    this.#mails = 0;
    await talk?.[Symbol.asyncDispose]();
  }
}
