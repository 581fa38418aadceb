import { describe, expect, it } from 'vitest';
import { LastSaid } from '../../../mesh/claims/last-said.ts';
import { askQuestion } from '../../../mesh/claims/peer-questions.ts';
import type { PeerTransport } from '../../../mesh/ports.ts';
import type { Greeting } from '../../../mesh/state/messages.ts';
import { cloud, DATA, greetingOf, mac, wishOf } from '../../support/membership-of.ts';

const greeting = greetingOf(DATA[cloud] ?? '', wishOf([cloud, mac]));

/** Each answer as it would come over a network: as octets. */
const answering = (...answers: readonly (readonly [body: unknown, digest: string])[]): PeerTransport => {
  const left = [...answers];
  return {
    ask: () => {
      const [body, digest] = left.shift() ?? [];
      return Promise.resolve({ status: 200, body: structuredClone(body), digest });
    },
  };
};

describe('the answer to a greeting', () => {
  it('is read once while it stays the same', async () => {
    const later = { ...greeting, votes: 7 };
    const transport = answering([greeting, 'a'], [greeting, 'a'], [later, 'b']);
    const greetings = new LastSaid<Greeting>();
    const ask = () => askQuestion(transport, cloud, greeting, greetings);
    const heard = [await ask(), await ask(), await ask()];
    expect(heard).toEqual([greeting, greeting, later]);
    expect(heard[1]).toBe(heard[0]);
  });

  it('must have a known form, and the answer to another question one of its own', async () => {
    const greetings = new LastSaid<Greeting>();
    const transport = answering([{}, 'a'], [greeting, 'b'], [greeting, 'b']);
    const keys = { about: 'keys', after: '', version: 2, mesh: '', epoch: 0, incarnation: DATA[mac] ?? '' } as const;
    await expect(askQuestion(transport, cloud, greeting, greetings)).rejects.toThrow();
    expect(await askQuestion(transport, cloud, greeting, greetings)).toEqual(greeting);
    await expect(askQuestion(transport, cloud, keys, greetings)).rejects.toThrow();
  });
});
