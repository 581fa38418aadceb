import { describe, expect, it } from 'vitest';
import type { FoundTexts } from '../../../../node/mailbox/search-question.ts';
import { highlightsOf } from '../../../../node/mailbox/text/highlights.ts';

const texts = (parts: Partial<FoundTexts>): FoundTexts => ({
  from: '',
  recipients: [],
  subject: '',
  text: '',
  ...parts,
});
const shown = (parts: Partial<FoundTexts>, ...words: string[]) => highlightsOf([texts(parts)], words);

describe('what was found', () => {
  it('is between asterisks in each field that has it, and no other field is named', () => {
    const parts = {
      from: 'Jane <jane@y.com>',
      recipients: ['a@x.com', 'Bob <bob@x.com>'],
      subject: 'Hi Jane',
      text: 'Bob is here.',
    };
    expect(shown(parts, 'jane')).toEqual({ from: ['**Jane** <**jane**@y.com>'], subject: ['Hi **Jane**'] });
    expect(shown(parts, 'bob')).toEqual({ recipients: ['**Bob** <**bob**@x.com>'], text: ['**Bob** is here.'] });
    expect(shown(parts, 'nobody')).toBeUndefined();
  });

  it('is a part of a word in subject and addresses, and a whole one in the text', () => {
    expect(shown({ subject: 'Invoices', text: 'Invoices and an invoice' }, 'invoice')).toEqual({
      ...{ subject: ['**Invoice**s'], text: ['Invoices and an **invoice**'] },
    });
  });

  it('is shown as it is written, whatever its accents and case', () => {
    expect(shown({ text: 'Le CAFÉ, et le cafe\u0301.' }, 'café')).toEqual({
      text: ['Le **CAFÉ**, et le **cafe\u0301**.'],
    });
  });

  it('is found within a run of a script without spaces', () => {
    expect(shown({ text: 'これは重要な連絡です' }, '重要')).toEqual({ text: ['これは**重要**な連絡です'] });
    expect(shown({ text: '내일회의입니다' }, '회의')).toEqual({ text: ['내일**회의**입니다'] });
  });

  it('is a phrase where signs bind it', () => {
    expect(shown({ text: 'follow up, and follow-up' }, 'follow-up')).toEqual({
      text: ['**follow up**, and **follow-up**'],
    });
  });

  it('means nothing to a pattern', () => {
    expect(shown({ subject: 'Price (USD) [1] a+b' }, '(usd)', 'a+b')).toEqual({
      subject: ['Price **(USD)** [1] **a+b**'],
    });
  });
});

describe('fragments', () => {
  const far = (count: number) =>
    Array.from({ length: count }, (_, at) => [`word ${'x'.repeat(20)} `.repeat(20), `here${at} found`].join(''));

  it('are at most three of 160 characters, each with what stands around', () => {
    const { text = [] } = shown({ text: far(5).join(' ') }, 'found') ?? {};
    expect(text.length).toBe(3);
    for (const [at, fragment] of text.entries()) {
      expect(fragment.replaceAll('**', '').length).toBeLessThanOrEqual(160);
      expect(fragment).toContain(`here${at} **found**`);
    }
  });

  it('are found far behind, also across what is read at once', () => {
    for (const before of [4_090, 4_094, 4_096, 8_191, 60_000])
      expect(
        shown({ text: `${'x '.repeat(before / 2)}Sesquipedalian` }, 'sesquipedalian')?.text?.[0],
        String(before),
      ).toContain('**Sesquipedalian**');
    expect(shown({ text: `${'x'.repeat(4_096)}found` }, 'found')).toBeUndefined();
  });

  it('begin and end between characters', () => {
    const { text = [] } = shown({ text: `${'😀'.repeat(100)} found ${'😀'.repeat(100)}` }, 'found') ?? {};
    expect(text.join('').isWellFormed()).toBe(true);
    expect(text[0]).toContain(' **found** ');
  });

  it('take a moment for a long text that has it nowhere', () => {
    const text = 'é- '.repeat(20_000);
    expect(shown({ text }, 'a-b-c-d')).toBeUndefined();
    expect(shown({ text: '-'.repeat(60_000) }, '-a-')).toBeUndefined();
  });
});
