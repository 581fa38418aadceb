import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWord } from '../../../node/machine/shell-word.ts';

it.each(['plain', '/tmp/a-b_c.json', 'http://[::1]:23000', "it's", 'a b', '$HOME `id` "x"', '', '*', '~'])(
  '%j is one word to a shell, and itself',
  (text) => {
    expect(execFileSync('sh', ['-c', `printf '%s|' ${shellWord(text)}`], { encoding: 'utf8' })).toBe(`${text}|`);
  },
);
