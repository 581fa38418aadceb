// Hundreds of odd answers, read by the deliveries' own reader and by Node's client. Where both know a status it is the same one; and the reader
// never uses a connection again that Node's client would not.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { expect, it } from 'vitest';
import { AnswerReader } from '../../../../node/webhooks/sender/answer-reader.ts';
import { startRawReceiver } from '../../../support/raw-receiver.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const ANSWERS = 600;
const TEST_MS_MAX = 60_000;

/** The right parts of an answer, and odd ones that may stand in the place of each. */
const STARTS = [
  ...[
    'HTTP/1.1 204 No Content',
    'HTTP/1.1 503 Busy',
    'HTTP/1.1 304 Not Modified',
    'HTTP/1.1 205 Reset',
    'HTTP/1.1 200',
  ],
  ...['HTTP/1.0 200 OK', 'HTTP/1.2 200 OK', 'HTTP/2 200', 'http/1.1 200 OK', 'HTTP/1.1  200 OK', 'HTTP/1.1 2000 OK'],
  ...[
    'HTTP/1.1 20 OK',
    'HTTP/1.1 200 \xe9t\xe9',
    'HTTP/1.1 999 Odd',
    'HTTP/1.1 200\tOK',
    'HTTP/1.1 -200 OK',
    'ICY 200 OK',
  ],
];
const INTERIMS = [
  ...['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', '\r\n'],
  ...['HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n', 'HTTP/1.1 102 P\r\nno field\r\n\r\n'],
];
const FRAMED = [
  ['Content-Length: 2', 'ok'],
  ['Transfer-Encoding: chunked', '2\r\nok\r\n0\r\n\r\n'],
] as const;
const FRAMES = [
  ...['Content-Length: 0', 'Content-Length:2', 'content-length: 2 ', 'Content-Length: 02', 'Content-Length: 9'],
  ...['Content-Length: 2\r\nContent-Length: 2', 'Content-Length: 2\r\nContent-Length: 3', 'Content-Length: 2, 2'],
  ...['Content-Length: -2', 'Content-Length: +2', 'Content-Length: 0x2', 'Content-Length:', 'Content-Length : 2'],
  ...['Content-Length: 99999999999999999999', 'Transfer-Encoding: chunked\r\nContent-Length: 2', 'X: none'],
  ...['Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: identity', 'Transfer-Encoding: CHUNKED'],
  ...['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: xchunked'],
];
const FIELDS = [
  ...[
    'Connection: close',
    'Connection: x, close',
    'Connection: keep-alive',
    'Connection: x,\tCLOSE',
    'Keep-Alive: timeout=0',
  ],
  ...[
    'Retry-After: 5',
    'X: a\0b',
    'X: a\rb',
    'X: a\r\n folded',
    ': no name',
    'no colon',
    'X\xe9: a',
    '{: a',
    'X: \x7f',
  ],
  ...['Upgrade: x', 'X:', `X: ${'x'.repeat(12_000)}`],
];
const BODIES = [
  ...[
    '',
    'o',
    'okrest',
    'ok\r\n',
    '2;a="b"\r\nok\r\n0\r\nT: 1\r\n\r\n',
    '2\r\nok\r\n0\r\nno field\r\n\r\n',
    '2\nok\n0\n\n',
  ],
  ...[
    ' 2\r\nok\r\n0\r\n\r\n',
    '+2\r\nok\r\n0\r\n\r\n',
    '0x2\r\nok\r\n0\r\n\r\n',
    '2\r\nokXX0\r\n\r\n',
    '\r\nok\r\n0\r\n\r\n',
  ],
  ...['FFFFFFFFFFFFFFFFF\r\nok', '00000002\r\nok\r\n0\r\n\r\n', '2 \r\nok\r\n0\r\n\r\n', 'x\r\nok\r\n0\r\n\r\n'],
];
const ODD = 0.25;

function answers(): readonly string[] {
  const random = seededRandom(11);
  const one = <Part>(of: readonly Part[]) => of[Math.floor(random.next() * of.length)] as Part;
  const part = (right: string, odd: readonly string[], chance = ODD) => (random.next() < chance ? one(odd) : right);
  return Array.from({ length: ANSWERS }, () => {
    const [frame, body] = one(FRAMED);
    const fields = [part(frame, FRAMES), part('Date: now', FIELDS)];
    if (random.next() < 0.5) fields.reverse();
    const end = () => part('\r\n', ['\n'], 0.02);
    const head = [part('HTTP/1.1 200 OK', STARTS), ...fields].join(end());
    return `${part('', INTERIMS)}${head}${end()}${end()}${part(body, BODIES)}`;
  });
}

interface Reading {
  /** `undefined`: it is no answer. */
  readonly status: number | undefined;
  /** Whether the connection may be used again. */
  readonly isKept: boolean;
}

function readHere(octets: Buffer, atOnce: number): Reading {
  const reader = new AnswerReader();
  try {
    for (let at = 0; at < octets.length; at += atOnce) {
      // What comes unasked ends the connection, which is the connection's to see.
      if (reader.isOver) return { status: reader.head?.status, isKept: false };
      reader.read(octets.subarray(at, at + atOnce));
    }
  } catch {
    return { status: reader.head?.status, isKept: false };
  }
  return { status: reader.head?.status, isKept: reader.keptMs > 0 };
}

async function readByNode(port: number): Promise<Reading> {
  const agent = new Agent({ keepAlive: true });
  try {
    const asked = request({ method: 'POST', port, agent });
    let isBroken = false;
    const ended = Promise.withResolvers<undefined>();
    asked.on('error', () => {
      isBroken = true;
      ended.resolve(undefined);
    });
    asked.on('upgrade', () => ended.resolve(undefined));
    asked.end('{}');
    const responded = once(asked, 'response').catch(() => undefined);
    const [answer] = (await Promise.race([responded, ended.promise])) ?? [];
    if (answer === undefined) return { status: undefined, isKept: false };
    answer
      .on('error', () => undefined)
      .on('close', () => ended.resolve(undefined))
      .resume();
    await ended.promise;
    return { status: answer.statusCode, isKept: !isBroken && answer.complete && asked.shouldKeepAlive };
  } finally {
    agent.destroy();
  }
}

it('odd answers are read as Node reads them, or refused, and keep no connection that Node would not keep', {
  timeout: TEST_MS_MAX,
}, async () => {
  const met = { known: 0, kept: 0, refused: 0, notKeptHere: 0 };
  let octets = Buffer.alloc(0);
  await using receiver = await startRawReceiver((socket) => socket.end(octets));
  for (const text of answers()) {
    octets = Buffer.from(text, 'latin1');
    const node = await readByNode(receiver.port);
    const here = [octets.length, 7, 1].map((atOnce) => readHere(octets, atOnce));
    const [whole] = here;
    expect(here, JSON.stringify(text)).toEqual(Array(here.length).fill(whole));
    if (whole?.status !== undefined && node.status !== undefined)
      expect(whole.status, JSON.stringify(text)).toBe(node.status);
    if (whole?.isKept) expect(node, JSON.stringify(text)).toEqual(whole);
    met.known += Number(whole?.status !== undefined && node.status !== undefined);
    met.kept += Number(whole?.isKept);
    met.refused += Number(whole?.status === undefined);
    met.notKeptHere += Number(node.isKept && !whole?.isKept);
  }
  // What is compared is not all of one kind.
  expect([met.known > 100, met.kept > 30, met.refused > 50], JSON.stringify(met)).toEqual([true, true, true]);
});
