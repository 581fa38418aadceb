// A server that hears a question and says nothing, and the time that whoever asks it gives it.
import { serveRaw } from './loopback.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface SilentServer extends AsyncDisposable {
  readonly url: string;
  /**
   * What comes of `asking` once the time is over. Rejects when the asker does not wait as long as that, or waits longer: a millisecond before,
   * nothing has come of it yet.
   */
  outcomeAfter<T>(asking: Promise<T>, clock: VirtualClock, ms: number): Promise<T>;
}

export async function silentServer(): Promise<SilentServer> {
  let heard = 0;
  const server = await serveRaw(() => {
    heard += 1;
  });
  return {
    url: server.url,
    async outcomeAfter(asking, clock, ms) {
      let isOver = false;
      const over = () => {
        isOver = true;
      };
      asking.then(over, over);
      while (heard === 0 && !isOver) await clock.settle();
      await clock.advance(ms - 1);
      if (isOver) throw new Error(`The asker did not wait for ${ms} ms.`);
      await clock.advance(1);
      for (let turn = 0; !isOver && turn < 1_000; turn += 1) await clock.settle();
      if (!isOver) throw new Error(`The asker still waits after ${ms} ms.`);
      return await asking;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
