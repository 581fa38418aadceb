// How many may listen to changes at once.
import { describe, expect, it } from 'vitest';
import { Listeners } from '../../../../node/http/streams/listeners.ts';

const BOUNDS = { listenersMax: 3, perClientMax: 2 };

describe('a listener', () => {
  it('is admitted while its client has fewer than it may', () => {
    const listeners = new Listeners(BOUNDS);
    const leave = listeners.admit('a');
    listeners.admit('a');
    expect(() => listeners.admit('a')).toThrowError(expect.objectContaining({ code: 'rate_limited' }));
    listeners.admit('b');
    leave();
    listeners.admit('a');
    expect(() => listeners.admit('a')).toThrowError(expect.objectContaining({ code: 'rate_limited' }));
  });

  it('is admitted while there are fewer than there may be of all clients', () => {
    const listeners = new Listeners(BOUNDS);
    const leaves = ['a', 'b', 'c'].map((client) => listeners.admit(client));
    expect(() => listeners.admit('d')).toThrowError(
      expect.objectContaining({ code: 'overloaded', retryAfterSeconds: 10 }),
    );
    for (const leave of leaves) leave();
    for (const client of ['d', 'e', 'f']) listeners.admit(client);
    expect(() => listeners.admit('g')).toThrowError(expect.objectContaining({ code: 'overloaded' }));
  });

  it('that is refused takes no place', () => {
    const listeners = new Listeners({ listenersMax: 2, perClientMax: 1 });
    listeners.admit('a');
    for (let time = 0; time < 5; time += 1) expect(() => listeners.admit('a')).toThrowError();
    listeners.admit('b');
    expect(() => listeners.admit('c')).toThrowError(expect.objectContaining({ code: 'overloaded' }));
  });
});
