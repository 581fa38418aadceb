import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gramsOf, matchOf, spaced, wordsAsked } from '../../../node/mailbox/search-text.ts';

let database: DatabaseSync;

beforeEach(() => {
  database = new DatabaseSync(':memory:');
  database.exec(`CREATE VIRTUAL TABLE search USING fts5 (scope, sender, recipients, subject, body, grams, content = '',
    tokenize = 'unicode61 remove_diacritics 2')`);
});
afterEach(() => database.close());

/** Whether a mail with that subject, and with that text, is found. */
const finds = (question: string, { subject = '', body = '', sender = '' }, scope = 'i1') => {
  const add = 'INSERT INTO search (scope, sender, recipients, subject, body, grams) VALUES (?, ?, ?, ?, ?, ?)';
  const { lastInsertRowid } = database
    .prepare(add)
    .run('i1', spaced(sender), '', spaced(subject), spaced(body), gramsOf([sender, '', subject]));
  const found = database
    .prepare('SELECT rowid FROM search WHERE search MATCH ?')
    .all(matchOf(wordsAsked(question), scope, true));
  return found.some(({ rowid }) => rowid === Number(lastInsertRowid));
};

describe('a word', () => {
  it.each([
    ['in the text, in any case', 'INVOICE', { body: 'Your invoice is late' }],
    ['with and without its accents', 'cafe', { body: 'Meet me at the Café' }],
    ['with and without its accents, the other way round', 'Café', { subject: 'cafe' }],
    ['in a script without spaces, within its run', '重要', { body: 'これは重要な連絡です' }],
    ['of two characters in a subject', '会议', { subject: '明天会议安排' }],
    ['in Korean', '회의', { body: '내일회의입니다' }],
    ['with a hyphen, as the text has it', 'follow-up', { body: 'A follow-up call' }],
    ['as a part of the subject', 'voic', { subject: 'Invoice 42' }],
    ['as a part of an address', 'ane@y.c', { sender: 'Jane <jane@y.com>' }],
    ['as a part with an accent', 'réun', { subject: 'Une reunion' }],
    ['of one digit', '7', { body: 'Room 7' }],
  ])('is found %s', (_, question, mail) => {
    expect(finds(question, mail)).toBe(true);
  });

  it.each([
    ['as a part of a word of the text', 'voic', { body: 'Your invoice' }],
    ['when another one of the question is missing', 'invoice paid', { body: 'Your invoice' }],
    ['in the other order, where a hyphen binds it', 'up-follow', { body: 'A follow up call' }],
    ['across the end of the sender into the subject', 'comin', { sender: 'jane@y.com', subject: 'invoice' }],
    ['in another script without spaces in between', '重連', { body: '重要な連絡' }],
  ])('is not found %s', (_, question, mail) => {
    expect(finds(question, mail)).toBe(false);
  });

  it('is no operator, whatever it says', () => {
    const body = 'to be OR not AND quote NEAR star';
    for (const question of [
      'NOT',
      'be OR not',
      '"quote',
      'be AND',
      'NEAR(star)',
      'star*',
      'be:OR',
      '^star',
      '(be',
      '-be',
      'be + not',
    ])
      expect(finds(question, { body }), question).toBe(true);
    expect(finds('body', { body })).toBe(false);
    expect(finds('sta*', { body })).toBe(false);
  });

  it('is asked once, and not where it has no letter and no digit', () => {
    expect(wordsAsked('  Hello hello HÉLLO — "!!" \0 ** x\0y ')).toEqual(['HÉLLO', 'x', 'y']);
    expect(wordsAsked('?! … \0 \u{1f600}')).toEqual([]);
  });

  it('is found in its scope alone', () => {
    expect(finds('hello', { body: 'hello' }, 'i2')).toBe(false);
    expect(finds('i1', { body: 'hello' })).toBe(false);
  });
});
