import { describe, expect, it } from 'vitest';
import { DottedLines } from '../../../../node/mailbox/intake/dotted-lines.ts';

/** What is read of octets that come in one piece or in two, wherever they are cut: of all ways the same. */
function read(said: string): readonly string[] {
  const octets = Buffer.from(said, 'latin1');
  const ways = Array.from({ length: octets.length }, (_, cut) => {
    const lines = new DottedLines();
    const first = lines.read(octets.subarray(0, cut));
    const second = first.end === undefined ? lines.read(octets.subarray(cut)) : { octets: Buffer.alloc(0), end: 0 };
    const rest = first.end === undefined ? second.end && octets.subarray(cut + second.end) : octets.subarray(first.end);
    return JSON.stringify([
      Buffer.concat([first.octets, second.octets]).toString('latin1'),
      rest === undefined ? 'goes on' : Buffer.from(rest || []).toString('latin1'),
    ]);
  });
  const [way = '', ...others] = new Set(ways);
  expect(others).toEqual([]);
  return JSON.parse(way);
}

describe('the octets of a mail', () => {
  it.each([
    ['a line', 'a\r\n.\r\n', 'a\r\n'],
    ['nothing', '.\r\n', ''],
    ['an empty line', '\r\n.\r\n', '\r\n'],
    ['a line of one dot', '..\r\n.\r\n', '.\r\n'],
    ['lines that begin with dots', '..a\r\n...b\r\n.\r\n', '.a\r\n..b\r\n'],
    ['a dot that is not the first of its line', 'a.\r\nb..\r\n.\r\n', 'a.\r\nb..\r\n'],
    ['a dot that nobody has doubled', '.a\r\n.\rb\r\n.\n\r\n.\r\n', '.a\r\n.\rb\r\n.\n\r\n'],
    ['line feeds alone, which end no line', '\n..a\n..\n.b\n\r\n.\r\n', '\n..a\n..\n.b\n\r\n'],
    ['carriage returns alone, which end none either', '\r..a\r\r..\r.\r\r\n.\r\n', '\r..a\r\r..\r.\r\r\n'],
    ['a dot behind several carriage returns', 'a\r\r\n..b\r\n.\r\n', 'a\r\r\n.b\r\n'],
    ['dots between carriage returns', '..\r\r\n.\r\r\n.\r\n', '.\r\r\n.\r\r\n'],
  ])('are those that were said, of %s', (_, said, octets) => {
    expect(read(said)).toEqual([octets, '']);
    expect(read(`${said}QUIT\r\n`)).toEqual([octets, 'QUIT\r\n']);
  });

  it.each(['a\n.\r\n', 'a\r.\r\n', 'a\r\n.\n', 'a\r\n.\r', '\n.\n', 'a\r\n..\r\n'])('do not end with %j', (said) => {
    expect(read(said)[1]).toBe('goes on');
  });
});
