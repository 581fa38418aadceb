import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Gathered, inTurn } from '../../../../node/mailbox/intake/gathered.ts';

describe('what is told at the same moment', () => {
  it('is told once, and each item once', async () => {
    const told: (readonly string[])[] = [];
    const gathered = new Gathered<string>((items) => told.push(items));
    gathered.add(['a', 'b']);
    gathered.add([]);
    gathered.add(['b', 'c']);
    await turn();
    gathered.add(['a']);
    await turn();
    expect(told).toEqual([['a', 'b', 'c'], ['a']]);
  });

  it('is not told when it is nothing', async () => {
    const told: (readonly string[])[] = [];
    new Gathered<string>((items) => told.push(items)).add([]);
    await turn();
    expect(told).toEqual([]);
  });
});

describe('what is asked alike at the same moment', () => {
  it('is asked once, and what is asked otherwise by itself', async () => {
    const asked: string[] = [];
    const ask = inTurn(async ({ name }: { readonly name: string }) => {
      asked.push(name);
      return name.toUpperCase();
    });
    expect(await Promise.all([ask({ name: 'a' }), ask({ name: 'b' }), ask({ name: 'a' })])).toEqual(['A', 'B', 'A']);
    expect(asked).toEqual(['a', 'b']);
  });

  it('is asked again by who comes later, also while the first has no answer', async () => {
    let known = 'old';
    const answers: PromiseWithResolvers<string>[] = [];
    const ask = inTurn((_question: string) => {
      const answer = Promise.withResolvers<string>();
      answers.push(answer);
      answer.resolve(known);
      return answer.promise;
    });
    const first = ask('a');
    await turn();
    known = 'new';
    expect(await Promise.all([first, ask('a')])).toEqual(['old', 'new']);
  });

  it('fails for all who asked', async () => {
    const ask = inTurn(() => Promise.reject(new Error('no')));
    expect(await Promise.allSettled([ask('a'), ask('a')])).toMatchObject([
      { status: 'rejected' },
      { status: 'rejected' },
    ]);
  });
});
