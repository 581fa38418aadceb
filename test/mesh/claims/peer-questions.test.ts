import { describe, expect, it } from 'vitest';
import { askQuestion } from '../../../mesh/claims/peer-questions.ts';
import type { PeerTransport } from '../../../mesh/ports.ts';
import { cloud, DATA, greetingOf, mac, wishOf } from '../../support/membership-of.ts';

const greeting = greetingOf(DATA[cloud] ?? '', wishOf([cloud, mac]));
const again = { version: 2, about: 'again', profile: 'p', votes: 3 } as const;
const unknown = { version: 2, kind: 'unknown', incarnation: DATA[cloud] } as const;

/** Each answer as it would come over a network: as octets. */
const answering = (...answers: readonly unknown[]): PeerTransport => {
  const left = [...answers];
  return { ask: () => Promise.resolve({ status: 200, body: structuredClone(left.shift()) }) };
};

describe('the answer to a greeting', () => {
  it('must have a known form, and the answer to another question one of its own', async () => {
    const transport = answering({}, greeting, greeting);
    const keys = { about: 'keys', after: '', version: 2, mesh: '', epoch: 0, incarnation: DATA[mac] ?? '' } as const;
    await expect(askQuestion(transport, cloud, greeting)).rejects.toThrow();
    expect(await askQuestion(transport, cloud, greeting)).toEqual(greeting);
    await expect(askQuestion(transport, cloud, keys)).rejects.toThrow();
  });

  it('is whole or short; to a short one it may be that the profile is not known', async () => {
    const transport = answering(again, again, greeting, unknown, unknown);
    expect(await askQuestion(transport, cloud, greeting)).toEqual(again);
    for (const answer of [again, greeting, unknown]) expect(await askQuestion(transport, cloud, again)).toEqual(answer);
    await expect(askQuestion(transport, cloud, greeting)).rejects.toThrow();
  });
});
