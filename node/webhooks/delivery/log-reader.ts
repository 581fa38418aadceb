// How entries of the log come to the channels: read on for each as it has room, and looked up again for
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

  constructor(ports: LogReaderPorts) {
    this.#ports = ports;
  }

  hasToRead(channel: Channel): boolean {
    return !this.#reading.has(channel) && (channel.isRecalling || this.#hasMore(channel));
  }

  /**
   * Reads on for a channel while it has room; restored lanes first learn what stands behind them. Resolves with whether its place
   * should be written down.
   */
  async read(channel: Channel): Promise<boolean> {
    let isToBeSaved = false;
    this.#reading.add(channel);
    if (channel.isRecalling && (await this.#recall(channel, [...channel.lanes.all()]))) {
      channel.endRecalling();
      this.#ports.changed();
    }
    while (this.#hasMore(channel) && this.#ports.isRunning()) {
      const { cursor } = channel.lanes;
      if (channel.readOn(await this.#ports.pages.after(cursor))) isToBeSaved = true;
      if (channel.lanes.cursor === cursor) break;
      this.#ports.changed();
    }
    this.#reading.delete(channel);
    return isToBeSaved;
  }

  #hasMore(channel: Channel): boolean {
    return channel.wantsEntries && channel.lanes.cursor < this.#ports.pages.head;
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
    while (sought.size > 0 && from < channel.lanes.cursor) {
      const page = await this.#ports.pages.after(from);
      const end = page.at(-1);
      if (end === undefined || !this.#ports.isRunning() || channel.isRemoved) return false;
      channel.recall(page, sought);
      from = end.seq;
    }
    channel.recalled(lanes, sought);
    return true;
  }
}
