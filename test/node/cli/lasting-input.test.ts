import { text } from 'node:stream/consumers';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';
import { expect, it } from 'vitest';
import { LastingInput } from '../../../node/cli/lasting-input.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

it('passes its end on, though a call in hand is not answered, when the time is over', async () => {
  const clock = new VirtualClock();
  const lasting = new LastingInput(60_000, clock);
  const transport = { send: async () => undefined } as unknown as Transport;
  lasting.watch(transport);
  transport.onmessage?.({ jsonrpc: '2.0', id: 1, method: 'tools/call' } as JSONRPCMessage);
  let isOver = false;
  const read = text(lasting).then((all) => {
    isOver = true;
    return all;
  });
  lasting.end('the call');
  await clock.settle();
  await clock.advance(59_999);
  expect(isOver).toBe(false);
  await clock.advance(1);
  expect(await read).toBe('the call');
});
