import { describe, expect, it } from 'vitest';
import { EventStream } from '../../../../node/webhooks/receiver/event-stream.js';

/** What comes of a text in pieces of so many characters. */
function taken(text: string, pieceCharacters = text.length) {
  const stream = new EventStream();
  const pieces = text.match(new RegExp(`[^]{1,${pieceCharacters}}`, 'g')) ?? [];
  return pieces.flatMap((piece) => stream.push(piece));
}

describe('a stream of events', () => {
  const TEXT = 'id: 1\ndata: {"a":1}\n\n:\n\ndata:no space\rid:2\r\rdata: one\r\ndata: two\r\nevent: x\r\nid\r\n\r\n';
  const EVENTS = [
    { id: '1', data: '{"a":1}' },
    { id: '2', data: 'no space' },
    { id: '', data: 'one\ntwo' },
  ];

  it.each([1, 2, 3, 5, 7, 1_000])(
    'is taken apart in pieces of %i characters, whatever ends its lines',
    (characters) => {
      expect(taken(TEXT, characters)).toEqual(EVENTS);
    },
  );

  it('gives an event without an id that of the one before', () => {
    expect(taken('id: 7\ndata: a\n\ndata: b\n\n')).toEqual([
      { id: '7', data: 'a' },
      { id: '7', data: 'b' },
    ]);
    expect(taken('data: a\n\n')).toEqual([{ id: undefined, data: 'a' }]);
  });

  it('passes over comments, events without data, unknown fields, ids with a null, and what is not complete', () => {
    expect(taken(': heartbeat\n\nid: 3\n\nfoo: bar\nid: 4\0\ndata: a\n\ndata: cut')).toEqual([{ id: '3', data: 'a' }]);
  });

  it('moves the place to go on from with an id that has no data, once its blank line is there', () => {
    const stream = new EventStream();
    expect(stream.push('id: 1\ndata: a\n\nid: 2\n')).toEqual([{ id: '1', data: 'a' }]);
    expect(stream.lastId).toBe('1');
    expect(stream.push('\n')).toEqual([]);
    expect(stream.lastId).toBe('2');
  });

  it('says how long to wait before connecting again', () => {
    const stream = new EventStream();
    stream.push('retry: 2500\n\n');
    expect(stream.retryMs).toBe(2_500);
    stream.push('retry: soon\n\n');
    expect(stream.retryMs).toBe(2_500);
  });

  it.each([
    ['one line', 'data: ', 'x'],
    ['many lines', '', 'data: x\n'],
  ])('is given up when an event has no end: %s', (_, begin, part) => {
    const stream = new EventStream();
    stream.push(begin);
    const flood = () => {
      for (let pieces = 0; pieces < 40; pieces += 1) stream.push(part.repeat(65_536));
    };
    expect(flood).toThrow('more than 1048576 characters');
  });
});
