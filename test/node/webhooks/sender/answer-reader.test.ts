import { describe, expect, it } from 'vitest';
import { AnswerReader } from '../../../../node/webhooks/sender/answer-reader.ts';

const INTERIM = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
const FOREVER = Number.POSITIVE_INFINITY;

/** What a reader says of an answer that comes in pieces of so many octets. */
function read(text: string, octets = text.length) {
  const reader = new AnswerReader();
  const all = Buffer.from(text, 'latin1');
  for (let at = 0; at < all.length; at += octets) reader.read(all.subarray(at, at + octets));
  return { status: reader.head?.status, isOver: reader.isOver, keptMs: reader.keptMs };
}

const refusalOf = (text: string, octets?: number) => {
  try {
    return read(text, octets);
  } catch (error) {
    return (error as { sendError?: unknown }).sendError;
  }
};

/** Each whole, in pieces, and octet by octet. */
const PIECES = [1, 2, 3, 7, 16, 1_000];

describe('an answer', () => {
  it.each([
    ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', 204, FOREVER],
    ['without a reason', 'HTTP/1.1 204\r\n\r\n', 204, FOREVER],
    ['with a body', 'HTTP/1.1 200 OK\r\ncontent-length:  2 \r\n\r\nok', 200, FOREVER],
    ['with an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200, FOREVER],
    ['in lines that end barely, which others may read otherwise', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', 200, 0],
    ['in which one line ends barely', 'HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok', 200, 0],
    ['in chunks whose lines end barely', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\n0\n\n', 200, 0],
    [
      'in a chunk with a blank behind its size',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n',
      200,
      0,
    ],
    ['with trailers that are none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nnone\r\n\r\n', 200, 0],
    ['behind an empty line', '\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 200, FOREVER],
    ['behind interim answers', `${INTERIM}${INTERIM}HTTP/1.1 204 No Content\r\n\r\n`, 204, FOREVER],
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n',
      200,
      FOREVER,
    ],
    [
      'in chunks, with trailers',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\nDigest: x\r\n\r\n',
      200,
      FOREVER,
    ],
    ['with a time to live', 'HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=5, max=100\r\n\r\n', 204, 4_000],
    ['with hardly a time to live', 'HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=1\r\n\r\n', 204, 0],
    ['of HTTP/1.0 that is kept', 'HTTP/1.0 204 No Content\r\nConnection: Keep-Alive\r\n\r\n', 204, FOREVER],
    ['of HTTP/1.0', 'HTTP/1.0 204 No Content\r\n\r\n', 204, 0],
    ['that ends the connection', 'HTTP/1.1 204 No Content\r\nConnection: x, Close\r\n\r\n', 204, 0],
    ['up to the end of the connection', 'HTTP/1.1 200 OK\r\n\r\nok', 200, 0],
    ['of two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', 200, 0],
    [
      'of a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      200,
      0,
    ],
    ['in another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 200, 0],
    ['with a body that it must not have', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok', 204, 0],
    ['in a chunk of no size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nok\r\n', 200, 0],
    [
      'in a chunk that does not end',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n',
      200,
      0,
    ],
  ])('%s is read alike in whatever pieces it comes', (_, text, status, keptMs) => {
    for (const octets of PIECES)
      expect(read(text, octets), `${octets} at a time`).toEqual({ status, isOver: true, keptMs });
  });

  it('that has Retry-After twice is read by the first, for the field is no list', () => {
    const reader = new AnswerReader();
    reader.read(Buffer.from('HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nretry-after: 9\r\nContent-Length: 0\r\n\r\n'));
    expect(reader.head).toEqual({ status: 503, retryAfter: '5' });
  });

  it('with another one behind it has spoken unasked: the connection is not used again', () => {
    const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    expect(read(ok + ok)).toEqual({ status: 200, isOver: true, keptMs: 0 });
  });

  it('is not over before its body is, and may not be kept then', () => {
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok')).toEqual({ status: 200, isOver: false, keptMs: 0 });
    const chunk = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n';
    expect(read(chunk)).toEqual({ status: 200, isOver: false, keptMs: 0 });
  });

  it('is read to 64 KiB of its body, and no further', () => {
    const long = (octets: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${10 ** 9}\r\n\r\n${'x'.repeat(octets)}`;
    expect(read(long(65_536), 1_000)).toMatchObject({ isOver: false });
    expect(read(long(65_537), 1_000)).toEqual({ status: 200, isOver: true, keptMs: 0 });
  });

  it('costs what its octets cost, however many blanks a value has', () => {
    const answer = (blanks: number) => `HTTP/1.1 204 No Content\r\nX: a${' '.repeat(blanks)}b\r\n\r\n`;
    const costMs = (blanks: number) => {
      const before = process.threadCpuUsage();
      for (let time = 0; time < 20; time += 1) expect(read(answer(blanks))).toMatchObject({ status: 204 });
      const { user, system } = process.threadCpuUsage(before);
      return (user + system) / 1_000;
    };
    costMs(1_000);
    // Sixteen times the blanks: by the square of their number it would be two hundred and fifty times the work.
    expect(costMs(16_000)).toBeLessThan(60 * (costMs(1_000) + 1));
  });

  it('has at most 16 KiB of headers, whether they end or not', () => {
    const head = (octets: number) => `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(octets)}\r\nContent-Length: 0\r\n\r\n`;
    expect(refusalOf(head(16_000), 1_000)).toMatchObject({ status: 200 });
    expect(refusalOf(head(17_000))).toBe('headers_too_large');
    expect(refusalOf(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(17_000)}`, 1_000)).toBe('headers_too_large');
  });
});

describe('what is no answer', () => {
  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', 'not_http'],
    ['another version', 'HTTP/2.0 200 OK\r\n\r\n', 'not_http'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n', 'not_http'],
    ['a status too long', 'HTTP/1.1 2000 OK\r\n\r\n', 'not_http'],
    ['a line that is no field', 'HTTP/1.1 200 OK\r\nno field\r\n\r\n', 'not_http'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n', 'not_http'],
    ['a NUL in a value', 'HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n', 'not_http'],
    ['a control character in a value', 'HTTP/1.1 200 OK\r\nX: a\x7fb\r\n\r\n', 'not_http'],
    ['a carriage return in a value', 'HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n', 'not_http'],
    ['an interim answer with a line that is no field', 'HTTP/1.1 100 Continue\r\nno field\r\n\r\n', 'not_http'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n', 'not_http'],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'connection_lost'],
    ['interim answers without end', INTERIM.repeat(17), 'connection_lost'],
  ])('%s is refused at once, in whatever pieces it comes', (_, text, sendError) => {
    for (const octets of PIECES) expect(refusalOf(text, octets), `${octets} at a time`).toBe(sendError);
  });
});
