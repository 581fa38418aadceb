// An SMTP server that does what a test says at each step, and keeps every octet it got: the one that real servers are on bad days.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What to do at one step: say a reply, say nothing ever, or hang up (after saying something, or the beginning of it). */
export type Step = string | 'SILENCE' | 'CLOSE' | { readonly closeAfter: string; readonly isCutOff?: boolean };
/** Where a dialogue can be; `BODY` is in the middle of the message, `DOT` after its end. */
export type Place =
  | 'GREETING'
  | 'EHLO'
  | 'STARTTLS'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'BODY'
  | 'DOT'
  | 'RSET'
  | 'QUIT';

export interface RawSmtpOptions {
  /** By place; a function may decide by the line. What is not said goes well. */
  readonly steps?: Partial<Record<Place, Step | ((line: string) => Step)>>;
  readonly extensions?: readonly string[];
  /** It minds no order: RCPT and DATA are taken after a refusal too. */
  readonly isLenient?: boolean;
  /** It reads one command after the other, and forgets what came with a command, though it offers PIPELINING. */
  readonly isForgetful?: boolean;
  /** Replies leave octet by octet. */
  readonly isSlow?: boolean;
}

export interface TakenMessage {
  readonly from: string;
  readonly to: readonly string[];
  /** As sent, dots still stuffed, without the final one. */
  readonly data: string;
}

const FINE: Readonly<Record<Place, string>> = {
  GREETING: '220 test ESMTP',
  EHLO: '',
  STARTTLS: '502 5.5.1 no such command',
  AUTH: '235 2.7.0 welcome',
  MAIL: '250 2.1.0 ok',
  RCPT: '250 2.1.5 ok',
  DATA: '354 go on',
  BODY: '',
  DOT: '250 2.0.0 taken',
  RSET: '250 2.0.0 ok',
  QUIT: '221 2.0.0 bye',
};

/** It may say other lines beside. */
const TAKES = /^2\d\d/m;

export class RawSmtp implements AsyncDisposable {
  /** Messages it answered 2xx for. */
  readonly taken: TakenMessage[] = [];
  /** Every line and body, in order. */
  readonly heard: string[] = [];
  /** What came, as it came. */
  readonly chunks: string[] = [];
  connections = 0;
  port = 0;
  options: RawSmtpOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: RawSmtpOptions) {
    this.options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(options: RawSmtpOptions = {}, port = 0): Promise<RawSmtp> {
    const server = new RawSmtp(options);
    await new Promise<void>((resolve) => server.#server.listen(port, '127.0.0.1', resolve));
    server.port = (server.#server.address() as { port: number }).port;
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Resolves when a line that begins so has been heard. */
  async heardOf(beginning: string): Promise<void> {
    while (!this.heard.some((line) => line.startsWith(beginning))) await nextTurn();
  }

  /** Says something that nobody asked for to all who are connected; resolves when they have hung up. */
  async sayUnasked(reply: string): Promise<void> {
    const ends = [...this.#sockets].map((socket) => once(socket, 'close'));
    for (const socket of this.#sockets) socket.write(`${reply}\r\n`);
    await Promise.all(ends);
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.setEncoding('latin1');
    // Replies to a batch of commands leave as they are made; held back, each message would cost 40 ms.
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    const envelope = { from: '', to: [] as string[], isOpen: false };
    let buffer = '';
    let isBody = false;
    let hasBodyStep = false;
    socket.on('data', (chunk: string) => {
      this.chunks.push(chunk);
      buffer += chunk;
      for (;;) {
        if (isBody) {
          if (!hasBodyStep && buffer !== '' && this.options.steps?.BODY !== undefined) {
            hasBodyStep = true;
            if (!this.#do(socket, 'BODY', '')) return;
          }
          const end = buffer.startsWith('.\r\n') ? 0 : buffer.indexOf('\r\n.\r\n') + 2;
          if (end === 1) return;
          const data = buffer.slice(0, end);
          buffer = buffer.slice(end + 3);
          isBody = false;
          if (!this.#hearBody(socket, data, envelope)) return;
          continue;
        }
        const end = buffer.indexOf('\r\n');
        if (end === -1) return;
        const line = buffer.slice(0, end);
        buffer = this.options.isForgetful === true ? '' : buffer.slice(end + 2);
        this.heard.push(line);
        const verb = line.split(' ')[0]?.toUpperCase() ?? '';
        const place = (verb === 'HELO' ? 'EHLO' : verb) as Place;
        const step = place in FINE ? this.#inOrder(place, line, envelope) : '500 5.5.1 what?';
        const said = typeof step === 'string' ? step : step.closeAfter;
        if (place === 'MAIL')
          Object.assign(envelope, { from: /<(.*)>/.exec(line)?.[1] ?? '', to: [], isOpen: TAKES.test(said) });
        if (place === 'RCPT' && TAKES.test(said)) envelope.to.push(/<(.*)>/.exec(line)?.[1] ?? '');
        if (place === 'DATA' && /^354/m.test(said)) {
          isBody = true;
          hasBodyStep = false;
        }
        if (!this.#say(socket, step)) return;
      }
    });
    this.#do(socket, 'GREETING', '');
  }

  /** Answers the end of a message, and keeps what is accepted. */
  #hearBody(socket: Socket, data: string, { from, to }: { readonly from: string; readonly to: string[] }): boolean {
    this.heard.push(data);
    const step = this.#stepAt('DOT', '');
    const reply = typeof step === 'string' ? step : step.closeAfter;
    if (/^2\d\d/.test(reply)) this.taken.push({ from, to: [...to], data });
    return this.#say(socket, step);
  }

  #do(socket: Socket, place: Place, line: string): boolean {
    return this.#say(socket, this.#stepAt(place, line));
  }

  /** What comes out of turn is refused, as every server does (RFC 5321 §4.1.4). */
  #inOrder(place: Place, line: string, envelope: { readonly to: readonly string[]; readonly isOpen: boolean }): Step {
    if (this.options.isLenient === true) return this.#stepAt(place, line);
    if (place === 'RCPT' && !envelope.isOpen) return '503 5.5.1 MAIL first';
    if (place === 'DATA' && (!envelope.isOpen || envelope.to.length === 0)) return '503 5.5.1 no valid recipients';
    return this.#stepAt(place, line);
  }

  #stepAt(place: Place, line: string): Step {
    const step = this.options.steps?.[place];
    if (step !== undefined) return typeof step === 'function' ? step(line) : step;
    if (place !== 'EHLO') return FINE[place];
    const lines = ['test', ...(this.options.extensions ?? ['PIPELINING', '8BITMIME', 'SMTPUTF8'])];
    return lines.map((text, at) => `250${at === lines.length - 1 ? ' ' : '-'}${text}`).join('\r\n');
  }

  #write(socket: Socket, said: string): void {
    const octets = Buffer.from(said);
    const length = this.options.isSlow === true ? 1 : octets.length;
    for (let at = 0; at < octets.length; at += length) socket.write(octets.subarray(at, at + length));
  }

  /** False when the dialogue ends here. */
  #say(socket: Socket, step: Step): boolean {
    if (step === 'SILENCE') return false;
    if (step === 'CLOSE') {
      socket.destroy();
      return false;
    }
    if (typeof step === 'string') {
      if (step !== '') this.#write(socket, `${step}\r\n`);
      return true;
    }
    socket.end(`${step.closeAfter}${step.isCutOff === true ? '' : '\r\n'}`);
    return false;
  }
}
