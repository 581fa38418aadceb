// How entries come to the streams: read on for each as it has room, and looked up again for
// lanes whose next event was not remembered. It reads; what an entry means is the streams' business.
// Step 2 of node/webhooks/README.md, "A delivery, step by step".

import type { Lane } from '../lanes/lanes.ts';
import { type SourcePorts, sourceOf } from '../lanes/source.ts';
import type { Stream } from '../lanes/stream.ts';
import type { Channel } from './channel.ts';

export interface LogReaderPorts extends SourcePorts {
  /** False: reading ends at the next page. */
  readonly isRunning: () => boolean;
  /** Called after each page that changed what can be done for a subscription. */
  readonly changed: (channel: Channel) => void;
}

export class LogReader {
  readonly #ports: LogReaderPorts;
  readonly #reading = new Set<Stream>();

  constructor(ports: LogReaderPorts) {
    this.#ports = ports;
  }

  hasToRead(channel: Channel, stream: Stream): boolean {
    return !this.#reading.has(stream) && (stream.isRecalling || this.#hasMore(channel, stream));
  }

  /**
   * Reads on for a stream while it has room; restored lanes first learn what stands behind them. Resolves with whether its place
   * should be written down.
   */
  async read(channel: Channel, stream: Stream): Promise<boolean> {
    let isToBeSaved = false;
    this.#reading.add(stream);
    if (stream.isRecalling && (await this.#recall(channel, stream, [...stream.lanes.all()]))) {
      stream.endRecalling();
      this.#ports.changed(channel);
    }
    while (this.#hasMore(channel, stream) && this.#ports.isRunning()) {
      const { cursor } = stream.lanes;
      const { entries, to } = await sourceOf(stream, this.#ports).after(cursor);
      if (stream.readOn(entries, to)) isToBeSaved = true;
      if (stream.lanes.cursor === cursor) break;
      this.#ports.changed(channel);
    }
    this.#reading.delete(stream);
    return isToBeSaved;
  }

  #hasMore(channel: Channel, stream: Stream): boolean {
    return (
      channel.isEnabled && stream.hasRoom && stream.lanes.cursor < (stream.replay?.toSeq ?? this.#ports.pages.head)
    );
  }

  /** Finds the next event of a lane that is `seeking`. */
  async seek(channel: Channel, stream: Stream, lane: Lane): Promise<void> {
    await this.#recall(channel, stream, [lane]);
    this.#ports.changed(channel);
  }

  /** Resolves with false when it had to be left unfinished; the lanes then seek again after the next start. */
  async #recall(channel: Channel, stream: Stream, lanes: readonly Lane[]): Promise<boolean> {
    const sought = new Set(lanes);
    const source = sourceOf(stream, this.#ports);
    let from = Math.min(...lanes.map((lane) => lane.knownTo));
    while (sought.size > 0 && from < stream.lanes.cursor) {
      const { entries, to } = await source.after(from);
      if (to <= from || !this.#ports.isRunning() || channel.isRemoved) return false;
      stream.recall(entries, sought);
      from = to;
    }
    stream.recalled(lanes, sought);
    return true;
  }
}
