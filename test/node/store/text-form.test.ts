import { describe, expect, it } from 'vitest';
import { rewriter } from '../../../node/store/text-form.ts';

const rewritten = rewriter({ pattern: '^\\{"n":(\\d+)\\}$', to: '#$1' });

describe('a text that is read back', () => {
  it.each([
    ['is rewritten when it has the form', '{"n":7}', '#7'],
    ['stays when it has another', '{"n":7} ', '{"n":7} '],
    ['is told apart when it looks rewritten: it is no JSON then, as before', '#7', ' #7'],
  ])('%s', (_, text, expected) => {
    expect(rewritten(text)).toBe(expected);
  });
});
