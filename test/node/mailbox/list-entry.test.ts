import { describe, expect, it } from 'vitest';
import { entryKeysFor, entryNameOf } from '../../../node/mailbox/list-entry.ts';

describe('an entry of a list', () => {
  it.each(['a..b@y.com', 'user.@y.com', '.user@y.com', '..@y.com'])('may name %s, as mail comes from there', (text) => {
    expect(entryNameOf(text.toUpperCase())).toEqual({ entry: text, entryType: 'email', key: text });
    expect(entryKeysFor(text)).toEqual([text, 'y.com', 'com']);
  });

  it.each(['a b@y.com', 'a..b', '"a..b@y.com', 'a..b@y..com', '@y.com', 'a..b@'])('names nobody as %j', (text) => {
    expect(entryNameOf(text)).toEqual({ fault: expect.any(String) });
  });
});

describe('a sender', () => {
  it.each(['a..b@spam.example', 'user.@mail.spam.example', 'a(b)@spam.example', 'ä\u0001@spam.example'])(
    'is of the domain that he writes from, whatever stands in front of it: %j',
    (address) => {
      expect(entryKeysFor(address)).toContain('spam.example');
    },
  );

  it('that is no address is as far from its domains as any other', () => {
    expect(entryKeysFor('a(b)@Mail.y.com')).toEqual(['a(b)@mail.y.com', 'mail.y.com', 'y.com', 'com']);
  });

  it('without a domain is of none', () => {
    expect(entryKeysFor('nobody')).toEqual([]);
    expect(entryKeysFor('a@b..c')).toEqual([]);
  });
});
