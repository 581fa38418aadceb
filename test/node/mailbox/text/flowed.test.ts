// Flowed text: lines that were broken for the way are one again.
import { describe, expect, it } from 'vitest';
import { unflowed } from '../../../../node/mailbox/text/flowed.ts';

describe('flowed text', () => {
  it.each<[string, boolean, string]>([
    ['one \r\nline\r\nanother', false, 'one line\nanother'],
    ['日本 \r\n語', true, '日本語'],
    ['> quo \r\n> ted\r\nanswer', false, '> quoted\nanswer'.replace('quoted', 'quo ted')],
    ['> quote \r\nnot of it', false, '> quote \nnot of it'],
    ['words\r\n-- \r\nname', false, 'words\n-- \nname'],
    [' > stuffed', false, '> stuffed'],
    ['>> two\r\n>one', false, '>> two\n> one'],
    ['open ', false, 'open '],
  ])('of %j', (text, deletesSpace, joined) => {
    expect(unflowed(text, deletesSpace)).toBe(joined);
  });
});
