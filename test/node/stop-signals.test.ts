import { describe, expect, it } from 'vitest';
import { parseStopSignal, SignalWay, type StopSignal } from '../../node/stop-signals.ts';

const END = true;

describe('signals that come by one way', () => {
  it.each([
    [
      'are one when the same comes twice within a second',
      [
        ['SIGINT', 0, !END],
        ['SIGINT', 1_000, !END],
      ],
    ],
    [
      'end the process at once at a Ctrl-C after more than a second',
      [
        ['SIGINT', 0, !END],
        ['SIGINT', 1_001, END],
      ],
    ],
    [
      'count the second from the first of them',
      [
        ['SIGINT', 0, !END],
        ['SIGINT', 900, !END],
        ['SIGINT', 1_800, END],
      ],
    ],
    [
      'end it at a Ctrl-C though the first asked by another name',
      [
        ['SIGTERM', 0, !END],
        ['SIGINT', 1_001, END],
      ],
    ],
    [
      'end it by no other name',
      [
        ['SIGINT', 0, !END],
        ['SIGTERM', 9_000, !END],
        ['SIGHUP', 9_000, !END],
      ],
    ],
    ['are no repetition when there was none before', [['SIGINT', 9_000, !END]]],
  ] as [string, [StopSignal, number, boolean][]][])('%s', (_, signals) => {
    const way = new SignalWay();
    expect(signals.map(([signal, atMs]) => way.isSecondCtrlC(signal, atMs))).toEqual(signals.map(([, , ends]) => ends));
  });

  it('do not repeat what came by another way, however late they come', () => {
    const [terminal, launcher] = [new SignalWay(), new SignalWay()];
    expect([terminal.isSecondCtrlC('SIGINT', 0), launcher.isSecondCtrlC('SIGINT', 60_000)]).toEqual([false, false]);
  });
});

describe('a message of the launcher', () => {
  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['SIGHUP', 'SIGHUP'],
    ['SIGKILL', undefined],
    [{ signal: 'SIGINT' }, undefined],
    [null, undefined],
  ])('is a signal to end, or nothing: %j', (message, signal) => expect(parseStopSignal(message)).toBe(signal));
});
