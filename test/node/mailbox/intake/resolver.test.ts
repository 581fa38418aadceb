// What the intake remembers of the DNS, and for how long.
import { describe, expect, it } from 'vitest';
import { remembering } from '../../../../node/mailbox/intake/resolver.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

function asked(answer: () => Promise<string[][]>) {
  const clock = new VirtualClock();
  const questions: string[] = [];
  const resolve = remembering((name, type) => {
    questions.push(`${name} ${type}`);
    return answer();
  }, clock);
  return { clock, questions, resolve };
}

const failure = (code: string) => Object.assign(new Error(code), { code });

describe('the DNS of the intake', () => {
  it('is asked once a minute for the same records', async () => {
    const { clock, questions, resolve } = asked(async () => [['v=spf1 -all']]);
    await resolve('x.com', 'TXT');
    expect(await resolve('X.com', 'TXT')).toEqual([['v=spf1 -all']]);
    await resolve('x.com', 'MX');
    expect(questions).toEqual(['x.com TXT', 'x.com MX']);
    await clock.advance(60_000);
    await resolve('x.com', 'TXT');
    expect(questions).toHaveLength(3);
  });

  it('is believed when it says that there is no such name, and asked again when it failed', async () => {
    for (const [code, count] of [
      ['ENOTFOUND', 1],
      ['ENODATA', 1],
      ['ESERVFAIL', 2],
      ['ETIMEOUT', 2],
    ] as const) {
      const { questions, resolve } = asked(() => Promise.reject(failure(code)));
      for (let time = 0; time < 2; time++) await expect(resolve('x.com', 'TXT')).rejects.toThrow(code);
      expect(questions, code).toHaveLength(count);
    }
  });
});
