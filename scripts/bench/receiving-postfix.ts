// What takes mail without us: a real Postfix, and behind it Dovecot by LMTP, or Postfix's own Maildirs where there is no Dovecot.
import { setTimeout as pause } from 'node:timers/promises';
import { Dovecot, whyNoDovecot } from '../dovecot.ts';
import { Postfix } from '../postfix.ts';

const USER = 'bob';
const LOOK_MS = 25;
const DELIVERED_MS_MAX = 120_000;

export class ReceivingPostfix implements AsyncDisposable {
  /** Where its mail ends, as a figure names it. */
  readonly name: string;
  /** Where it takes mail by SMTP, and for whom. */
  readonly port: number;
  readonly to = `${USER}@mail.example.com`;
  readonly #stack: AsyncDisposableStack;
  readonly #boxes: Pick<Postfix, 'count' | 'empty'>;

  private constructor(stack: AsyncDisposableStack, postfix: Postfix, dovecot: Dovecot | undefined) {
    this.#stack = stack;
    this.port = postfix.port;
    this.#boxes = dovecot ?? postfix;
    this.name = dovecot === undefined ? 'Postfix into Maildirs (no Dovecot here)' : 'Postfix and Dovecot, by LMTP';
  }

  static async start(): Promise<ReceivingPostfix> {
    await using stack = new AsyncDisposableStack();
    const dovecot = whyNoDovecot() === undefined ? stack.use(await Dovecot.start()) : undefined;
    const settings = dovecot === undefined ? {} : { virtual_transport: `lmtp:inet:127.0.0.1:${dovecot.port}` };
    const postfix = stack.use(await Postfix.start({ settings }));
    return new ReceivingPostfix(stack.move(), postfix, dovecot);
  }

  /** Does the work, and waits until so many mails lie in the mailbox. */
  async takes(count: number, work: () => Promise<unknown>): Promise<void> {
    await work();
    for (const untilMs = Date.now() + DELIVERED_MS_MAX; (await this.#boxes.count(USER)) < count; await pause(LOOK_MS))
      if (Date.now() > untilMs) throw new Error(`${this.name}: ${count} mails were not there in time.`);
  }

  /** Takes all mail away. */
  empty(): Promise<void> {
    return this.#boxes.empty(USER);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
