import { describe, expect, it } from 'vitest';
import { rewriter } from '../../../node/store/text-form.ts';

const rewritten = rewriter({ under: '', pattern: '^\\{"n":(\\d+)\\}$', to: '#$1' });

describe('a text that is read back', () => {
  it.each([
    ['is rewritten when it has the form', '{"n":7}', '#7'],
    ['stays as it is when it has another', '{"n":7} ', undefined],
    ['stays as it is when it looks rewritten', '#7', undefined],
  ])('%s', (_, text, expected) => {
    expect(rewritten(text)).toBe(expected);
  });

  it('has nothing where a group found nothing, and what stands between the groups', () => {
    const either = rewriter({ under: '', pattern: '^(?:(a)|(b))(c)$', to: '<$1|$2>$3$$' });
    expect([either('ac'), either('bc')]).toEqual(['<a|>c$$', '<|b>c$$']);
  });
});
