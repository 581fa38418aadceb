// Dialogues of SMTP and LMTP that no mail program has: commands out of order, cut, repeated, endless, with octets that no command has, all at once
// or octet by octet. Whatever is said, the server answers in lines of its protocol, and ends the connection when the other side has.
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../mesh/ports.ts';

const COMMANDS_MAX = 14;
/** Milliseconds without an answer after which everything was answered that will be. */
const QUIET_MS = 300;
const REPLY = /^\d{3}(?:[ -][^\r\n]*)?$/;
/** What a mail that is kept is answered. */
const KEPT = /^250 2\.6\.0 /;

export interface Dialogue {
  readonly port: number;
  /** Where its mails go; each of them begins with a Message-ID of `mark` and a number, so that no two are the same. */
  readonly inboxId: string;
  readonly mark: string;
  /** One of loopback, as which it comes. */
  readonly localAddress?: string;
}

export interface DialogueResult {
  /** Mails that were acknowledged. */
  readonly kept: number;
  /** A sentence each. */
  readonly faults: readonly string[];
}

/** Rejects with the signal's reason when the server has not ended the connection by then. */
export async function holdDialogue(
  dialogue: Dialogue,
  random: Pick<Random, 'next'>,
  signal: AbortSignal,
): Promise<DialogueResult> {
  const { port, localAddress = '127.0.0.1' } = dialogue;
  const said = wordsOf(dialogue, random);
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  const late = () => socket.destroy(new Error('The server did not end the connection.'));
  signal.addEventListener('abort', late);
  // A server may hang up before all was said: it has answered before.
  const lost = new Promise<void>((resolve) => socket.once('error', () => resolve()));
  try {
    const answers = heardFrom(socket);
    await Promise.race([sayAll(socket, said, random), lost]);
    await quiet(socket);
    socket.end();
    const lines = (await answers).split('\r\n');
    signal.throwIfAborted();
    // A line that was cut when the connection was reset is none.
    const wrong = lines.slice(0, -1).filter((line) => !REPLY.test(line));
    return {
      kept: lines.filter((line) => KEPT.test(line)).length,
      faults: wrong
        .slice(0, 1)
        .map((line) => `${JSON.stringify(line)} was answered to ${JSON.stringify(String(said)).slice(0, 500)}`),
    };
  } finally {
    signal.removeEventListener('abort', late);
    socket.destroy();
  }
}

/** All that was heard until the other side ended or reset the connection. */
function heardFrom(socket: Socket): Promise<string> {
  const pieces: Buffer[] = [];
  socket.on('data', (piece) => pieces.push(piece));
  return new Promise((resolve) => socket.once('close', () => resolve(Buffer.concat(pieces).toString('latin1'))));
}

/** Resolves when nothing has come for a while, or the connection is over. */
async function quiet(socket: Socket): Promise<void> {
  let heard: number;
  do {
    heard = socket.bytesRead;
    await pause(QUIET_MS);
  } while (socket.bytesRead > heard && !socket.closed);
}

async function sayAll(socket: Socket, said: Buffer, { next }: Pick<Random, 'next'>): Promise<void> {
  const pieceBytes = [1, 7, 100, said.length][Math.floor(next() * 4)] as number;
  // Octet by octet, the beginning alone: a mail takes long so.
  const slowBytes = Math.min(said.length, 50 * pieceBytes);
  for (let at = 0; at < slowBytes && socket.writable; at += pieceBytes) {
    socket.write(said.subarray(at, Math.min(slowBytes, at + pieceBytes)));
    await nextTurn();
  }
  if (slowBytes < said.length && socket.writable) socket.write(said.subarray(slowBytes));
}

/** All that is said in it, the first that is left to chance. */
export function wordsOf({ inboxId, mark }: Dialogue, { next }: Pick<Random, 'next'>): Buffer {
  const below = (count: number) => Math.floor(next() * count);
  const some = (items: readonly string[]) => items[below(items.length)] as string;
  let mails = 0;
  const begun = () => {
    mails += 1;
    return `Message-ID: <${mark}.${mails}@y.com>\r\n`;
  };
  const mail = () => {
    const ends = some(['\r\n.\r\n', '\r\n.\r\n', '\r\n.\r\n', '\n.\n', '\r.\r', '\r\n.\r', '\r\n..\r\n', '']);
    const body = some(['x', '.', '..', '\0', '\xff', '\r\n', '\n.\nMAIL FROM:<a@y.com>\n', 'x'.repeat(3_000)]);
    return `${begun()}From: jane@y.com\r\n\r\n${body.repeat(1 + below(5))}${ends}`;
  };
  const whole = () =>
    `${some(['EHLO', 'LHLO'])} x\r\nMAIL FROM:<jane@y.com>\r\nRCPT TO:<${inboxId}>\r\nDATA\r\n${mail()}`;
  const line = () => {
    const said = some(LINES)
      .replaceAll('INBOX', inboxId)
      .replaceAll('LONG', 'x'.repeat(1 + below(5_000)));
    return said.startsWith('DATA') ? `${said}\r\n${begun()}` : said;
  };
  const odd = () => Array.from({ length: below(200) }, () => String.fromCharCode(below(256))).join('');
  const ways = [whole, whole, line, line, line, line, mail, odd];
  const words = Array.from({ length: 1 + below(COMMANDS_MAX) }, () => {
    const word = (ways[below(ways.length)] as () => string)();
    return word + some(['\r\n', '\r\n', '\r\n', '\n', '\r', '', '\r\n\r\n', '\0\r\n']);
  });
  return Buffer.from(words.join(''), 'latin1');
}

const LINES = [
  ...[
    'EHLO x',
    'LHLO x',
    'HELO x',
    'EHLO',
    'EHLO [127.0.0.1]',
    'EHLO LONG',
    'ehlo \xff',
    'HELO x y z',
    'RSET',
    'NOOP',
    'QUIT',
  ],
  ...[
    'MAIL FROM:<jane@y.com>',
    'MAIL FROM:<>',
    'MAIL FROM:<jane@y.com> SIZE=99999999999999',
    'MAIL FROM:<jane@y.com> BODY=9BIT',
  ],
  ...[
    'MAIL FROM:<jane@y.com> SMTPUTF8 SIZE=-1 X=Y',
    'MAIL FROM:jane',
    'MAIL FROM:<LONG@y.com>',
    'MAIL FROM:<@a,@b:c@y.com>',
    'MAIL',
  ],
  ...[
    'MAIL FROM:<"a\\"b"@y.com>',
    'MAIL FROM:<\xc3\xa4@y.com>',
    'MAIL FROM:<jane@y.com><x>',
    'mail from : <jane@y.com>',
  ],
  ...[
    'RCPT TO:<INBOX>',
    'RCPT TO:<INBOX>',
    'RCPT TO:<INBOX> NOTIFY=NEVER',
    'RCPT TO:<nobody@agents.example.com>',
    'RCPT TO:<a@elsewhere.example>',
  ],
  ...[
    'RCPT TO:<>',
    'RCPT TO:<LONG@agents.example.com>',
    'RCPT TO:<"INBOX"@x>',
    'RCPT TO:<INBOX\0>',
    'RCPT TO:<postmaster>',
    'RCPT',
  ],
  ...[
    'DATA',
    'DATA x',
    'BDAT 5 LAST',
    'BDAT 99999999999',
    'STARTTLS',
    'AUTH PLAIN AGEAYg==',
    'AUTH LOGIN',
    'VRFY INBOX',
    'EXPN x',
  ],
  ...[
    'XFORWARD ADDR=192.0.2.1 HELO=x',
    'XCLIENT ADDR=192.0.2.1',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2',
    'HELP',
    'TURN',
    'LONG',
  ],
  ...['GET / HTTP/1.1', '\x16\x03\x01\x02\x00\x01\x00', '.', '..', ' ', '\t'],
] as const;
