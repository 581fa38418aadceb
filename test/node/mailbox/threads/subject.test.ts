// The subject that a conversation shares, under whatever the programs of its writers put in front.
import { describe, expect, it } from 'vitest';
import { baseSubject, hasReplyPrefix } from '../../../../node/mailbox/threads/subject.ts';

describe('the base of a subject', () => {
  it.each([
    ['Invoice 7', 'invoice 7', false],
    ['Re: Invoice 7', 'invoice 7', true],
    ['RE: re: Re:Invoice  7 ', 'invoice 7', true],
    ['Re[2]: Invoice 7', 'invoice 7', true],
    ['Re(12): Invoice 7', 'invoice 7', true],
    ['Re^2: Invoice 7', 'invoice 7', true],
    ['AW: WG: Rechnung', 'rechnung', true],
    ['Antw: Factuur', 'factuur', true],
    ['SV: Faktura', 'faktura', true],
    ['回复：发票事宜', '发票事宜', true],
    ['Re : Facture', 'facture', true],
    ['Fwd: Invoice 7', 'invoice 7', false],
    ['Fwd: Re: Invoice 7', 'invoice 7', true],
    ['Regarding: Invoice', 'regarding: invoice', false],
    ['Re Invoice', 're invoice', false],
    ['Re: [list] Cafe\u0301s', '[list] cafés', true],
  ])('of %j is %j', (subject, base, isReply) => {
    expect(baseSubject(subject)).toBe(base);
    expect(hasReplyPrefix(subject)).toBe(isReply);
  });

  it.each(['', 'Re:', 'Re: hi', 'Re: 发票'])('of %j is none: it is too short to know a conversation by', (subject) => {
    expect(baseSubject(subject)).toBeUndefined();
  });

  it('is found in time that grows with the subject, however many prefixes it has', () => {
    expect(baseSubject(`${'Re:'.repeat(100_000)} Invoice`)).toBeUndefined();
    expect(hasReplyPrefix('Re'.repeat(100_000))).toBe(false);
  });
});
