import { describe, expect, it } from 'vitest';
import { labelFault } from '../../../node/mailbox/label.ts';

describe('a label', () => {
  it.each([
    ['a word', 'billing'],
    ['words', 'needs an answer'],
    ['one character', 'x'],
    ['a hundred', 'x'.repeat(100)],
    ['marks', '#1: a/b (c) <d> "e" !'],
    ['letters of all alphabets', 'Überfällig 你好 важно'],
    ['an emoji of several', '👩‍💻'],
    ['a joiner within a word', 'می‌خواهم'],
  ])('may be %s', (_, label) => {
    expect(labelFault(label)).toBeUndefined();
  });

  it.each([
    ['nothing', '', /1 to 100 characters/],
    ['more than a hundred', 'x'.repeat(101), /1 to 100 characters/],
    ['a space', ' ', /space/],
    ['spaces', '   ', /space/],
    ['a space of another kind', '\u00a0', /space/],
    ['a space before it', ' urgent', /space/],
    ['a space behind it', 'urgent\u3000', /space/],
    ['a line break', 'a\nb', /control characters/],
    ['a tab', 'a\tb', /control characters/],
    ['NUL', 'a\0b', /control characters/],
    ['a comma', 'a,b', /commas/],
    ['what turns the text', '\u202edaernu', /not shown/],
    ['what isolates it', 'a\u2066b\u2069', /not shown/],
    ['a mark of direction', 'unread\u200e', /not shown/],
    ['a space of no width', 'un\u200bread', /not shown/],
    ['a joiner before it', '\u200dunread', /not shown/],
    ['a joiner behind it', 'unread\u200c', /not shown/],
    ['a byte order mark', '\ufeffunread', /not shown/],
    ['a soft hyphen', 'un\u00adread', /not shown/],
    ['tags', 'unread\u{e0041}', /not shown/],
    ['a separator of lines', 'a\u2028b', /not shown/],
    ['a filler', '\u3164', /not shown/],
    ['half a character', 'a\ud83d', /not shown/],
    ['one of the host', 'sent', /set by the host/],
  ])('can not be %s', (_, label, fault) => {
    expect(labelFault(label)).toMatch(fault);
  });
});
