// The client's side of an SMTP or LMTP dialogue, line by line, for what no mail program would say.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export class SmtpTalk implements AsyncDisposable {
  readonly #socket: Socket;
  #text = '';
  #isOver = false;
  #heard = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    const hear = () => {
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
    };
    socket.on('data', (data) => {
      this.#text += data.toString();
      hear();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isOver = true;
      hear();
    });
  }

  /** After the greeting and `hello`, such as `EHLO me`. `localAddress`: one of loopback, as which it comes. */
  static async open(port: number, hello: string, localAddress = '127.0.0.1'): Promise<SmtpTalk> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    await once(socket, 'connect');
    const talk = new SmtpTalk(socket);
    await talk.reply();
    await talk.say(hello);
    return talk;
  }

  /** One reply, its lines joined; empty when the other side has hung up. */
  async reply(): Promise<string> {
    for (;;) {
      const found = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(this.#text)?.[0];
      if (found !== undefined) {
        this.#text = this.#text.slice(found.length);
        return found.trimEnd();
      }
      if (this.#isOver) return '';
      await this.#heard.promise;
    }
  }

  async say(line: string): Promise<string> {
    this.#socket.write(`${line}\r\n`);
    return this.reply();
  }

  /** A mail, dots stuffed; answers `replies` of the end. */
  async mail(raw: string | Buffer, replies = 1): Promise<readonly string[]> {
    const data = await this.say('DATA');
    if (!data.startsWith('354')) return [data];
    const octets = Buffer.from(raw as string)
      .toString('latin1')
      // Not behind half of CRLF, which ends no line (RFC 5321 §2.3.8).
      .replace(/(?<=^|\r\n)\./g, '..');
    this.#socket.write(Buffer.from(`${octets}${octets.endsWith('\r\n') ? '' : '\r\n'}.\r\n`, 'latin1'));
    const answers: string[] = [];
    while (answers.length < replies) answers.push(await this.reply());
    return answers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    if (!this.#isOver) await once(this.#socket, 'close');
  }
}
