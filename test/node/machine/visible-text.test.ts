import { describe, expect, it } from 'vitest';
import { visible, visibleIn, visibleLines } from '../../../node/machine/visible-text.ts';

describe('text from outside', () => {
  it.each([
    ['an escape sequence', '\x1b[2J\x1b]0;owned\x07', '\\u001b[2J\\u001b]0;owned\\u0007'],
    ['a return to the line', 'a\rb\nc\td\0', 'a\\u000db\\u000ac\\u0009d\\u0000'],
    ['DEL and C1', '\x7f\x9b2J\x85', '\\u007f\\u009b2J\\u0085'],
    ['separators', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['a turned direction', '\u202a\u202e\u2066\u2069\u200e\u061c', '\\u202a\\u202e\\u2066\\u2069\\u200e\\u061c'],
    ['what has no width', '\u200b\u200d\u2060\ufeff\u00ad', '\\u200b\\u200d\\u2060\\ufeff\\u00ad'],
    ['tags', '\u{e0041}', '\\udb40\\udc41'],
    ['half a character', 'a\ud800b', 'a\\ud800b'],
  ])('shows %s', (_, text, shown) => expect(visible(text)).toBe(shown));

  it.each(['', 'plain', 'Ünïcödé 東京 🦊', "a\\u001b 'quoted'"])('leaves %j as it is', (text) =>
    expect([visible(text), visibleLines(text)]).toEqual([text, text]),
  );

  it('may have lines of its own where they are ours', () => {
    expect(visibleLines('a\nb\r\n\x1b')).toBe('a\nb\\u000d\n\\u001b');
  });

  it('is seen wherever it stands in an answer', () => {
    const answer = { 'a\x1b': ['b\n', { c: 'd\u202e', e: 1, f: null, g: true }] };
    expect(visibleIn(answer)).toEqual({ 'a\\u001b': ['b\\u000a', { c: 'd\\u202e', e: 1, f: null, g: true }] });
  });

  it('means the same in a line of JSON as before', () => {
    const value = { message: 'a\u009b\u202e\u007f\u{e0041}\x1b' };
    const line = visibleLines(JSON.stringify(value));
    expect([line, JSON.parse(line)]).toEqual([expect.not.stringMatching(/[^ -~]/), value]);
  });
});
