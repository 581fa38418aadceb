// What one part of a node tells others: heard by all who subscribed, in their order.
import { expect, it } from 'vitest';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import { MeshEvents } from '../../node/mesh-events.ts';

it('tells each event to all who subscribed to it, in that order, and to nobody else', () => {
  const events = new MeshEvents();
  const heard: unknown[] = [];
  events.doubled.subscribe((key, hostId) => heard.push(['first', key, hostId]));
  events.doubled.subscribe((key) => heard.push(['second', key]));
  events.doubted.subscribe(() => heard.push('doubted'));
  const { dispatch } = events.doubled;
  dispatch('a@x.com' as AddressKey, 'cloud' as HostId);
  events.votersChanged.dispatch();
  expect(heard).toEqual([
    ['first', 'a@x.com', 'cloud'],
    ['second', 'a@x.com'],
  ]);
});

it('lets the teller know of a listener that fails', () => {
  const events = new MeshEvents();
  events.doubted.subscribe(() => {
    throw new Error('deaf');
  });
  expect(() => events.doubted.dispatch('joined')).toThrow('deaf');
});
