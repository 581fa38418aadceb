// How entries of the log come to the channels: counted once for all, read on for each as it has room, and looked up again for
// lanes whose next event was not remembered. It reads; what an entry means is the channels' business.
import type { Channel } from './channel.ts';
import type { Lane } from './lanes.ts';
import type { LogPages } from './log-pages.ts';

export interface LogReaderPorts {
  readonly pages: LogPages;
  /** False: reading ends at the next page. */
  readonly isRunning: () => boolean;
  /** Called after each page that changed what can be done. */
  readonly changed: () => void;
}

export class LogReader {
  readonly #ports: LogReaderPorts;
  readonly #reading = new Set<Channel>();
  #isCounting = false;

  constructor(ports: LogReaderPorts) {
    this.#ports = ports;
  }

  hasToCount(channels: readonly Channel[]): boolean {
    return !this.#isCounting && countedTo(channels) < this.#ports.pages.head;
  }

  /** Counts what the log has beyond what was counted. Resolves with whether a channel's counts should be written down. */
  async count(channels: () => readonly Channel[]): Promise<boolean> {
    let isToBeSaved = false;
    this.#isCounting = true;
    for (let from = countedTo(channels()); from < this.#ports.pages.head && this.#ports.isRunning(); ) {
      const page = await this.#ports.pages.after(from);
      if (page.length === 0) break;
      for (const channel of channels()) if (channel.count(page, from)) isToBeSaved = true;
      this.#ports.changed();
      from = countedTo(channels());
    }
    this.#isCounting = false;
    return isToBeSaved;
  }

  hasToRead(channel: Channel): boolean {
    return !this.#reading.has(channel) && (channel.isRecalling || channel.wantsEntries);
  }

  /** Reads on for a channel while it has room; restored lanes first learn what stands behind them. */
  async read(channel: Channel): Promise<void> {
    this.#reading.add(channel);
    if (channel.isRecalling && (await this.#recall(channel, [...channel.lanes.all()]))) {
      channel.isRecalling = false;
      this.#ports.changed();
    }
    while (channel.wantsEntries && this.#ports.isRunning()) {
      const { cursor } = channel.lanes.counts;
      channel.lanes.take(await this.#ports.pages.after(cursor));
      if (channel.lanes.counts.cursor === cursor) break;
      this.#ports.changed();
    }
    this.#reading.delete(channel);
  }

  /** Finds the next event of a lane that is `seeking`. */
  async seek(channel: Channel, lane: Lane): Promise<void> {
    await this.#recall(channel, [lane]);
    this.#ports.changed();
  }

  /** Resolves with false when it had to be left unfinished; the lanes then seek again after the next start. */
  async #recall(channel: Channel, lanes: readonly Lane[]): Promise<boolean> {
    const sought = new Set(lanes);
    let from = Math.min(...lanes.map((lane) => lane.knownTo));
    while (sought.size > 0 && from < channel.lanes.counts.cursor) {
      const page = await this.#ports.pages.after(from);
      const end = page.at(-1);
      if (end === undefined || !this.#ports.isRunning() || channel.isRemoved) return false;
      channel.lanes.recall(page, sought);
      from = end.seq;
    }
    channel.lanes.recalled(sought);
    for (const lane of lanes) channel.lanes.resume(lane);
    return true;
  }
}

/** The position up to which every channel has counted; infinite without channels. */
function countedTo(channels: readonly Channel[]): number {
  return Math.min(...channels.map((channel) => channel.lanes.counts.countedTo));
}
