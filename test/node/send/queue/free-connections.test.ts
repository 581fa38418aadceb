// Connections that are promised to messages before their marks are durable.
import { describe, expect, it } from 'vitest';
import { FreeConnections } from '../../../../node/send/queue/free-connections.ts';
import { account } from '../../../support/mail.ts';

const [ONE, OTHER] = [account({ id: 'one' }), account({ id: 'other' })];

describe('a free connection', () => {
  it('is promised once, until it is used or not needed', () => {
    const free = new FreeConnections({ readyFor: ({ id }) => (id === 'one' ? 2 : 0) });
    expect([free.promise(ONE), free.promise(ONE), free.promise(ONE), free.promise(OTHER)]).toEqual([
      ...[true, true, false],
      false,
    ]);
    free.keep(ONE);
    expect([free.promise(ONE), free.promise(ONE)]).toEqual([true, false]);
  });

  it('is not promised by what is kept without a promise', () => {
    let ready = 1;
    const free = new FreeConnections({ readyFor: () => ready });
    free.keep(ONE);
    free.keep(ONE);
    expect([free.promise(ONE), free.promise(ONE)]).toEqual([true, false]);
    ready = 2;
    expect([free.promise(ONE), free.promise(ONE)]).toEqual([true, false]);
  });
});
