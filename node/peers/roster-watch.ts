// hosts.json while the node runs: an edit takes effect without a restart; a broken edit is reported once and the last good
// roster stays. Which host this is can't change while it runs.
import { MeshError } from '../../mesh/errors.ts';
import { parseRoster, type SelfHint } from '../../mesh/hosts-json.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { Log } from '../log.ts';

export class RosterWatch {
  #roster: Roster;
  #text: string;
  readonly #hint: SelfHint;
  readonly #log: Log;
  readonly #listeners = new Set<(roster: Roster) => void>();

  /** `text`: hosts.json as it is now. Throws a `MeshError` when it is not a good one: a node does not start without. */
  constructor(text: string, hint: SelfHint, log: Log) {
    this.#roster = parseRoster(text, hint);
    this.#text = text;
    this.#hint = { ...hint, id: this.#roster.self.id };
    this.#log = log;
    this.#warnOfLeftOut();
  }

  current = (): Roster => this.#roster;

  /** Calls back after each edit that took effect. */
  subscribe(listener: (roster: Roster) => void): void {
    this.#listeners.add(listener);
  }

  /** The file's text after an edit, or why it can't be read. */
  edited(text: string | MeshError): void {
    if (text === this.#text) return;
    try {
      if (text instanceof MeshError) throw text;
      this.#text = text;
      this.#roster = parseRoster(text, this.#hint, this.#roster.self);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      const why = error.message.replace(/[.\s]*$/, '.');
      this.#log.error('hosts.rejected', { message: `${why} The node goes on with the hosts it had.` });
      return;
    }
    this.#log.info('hosts.changed', { hosts: this.#roster.hosts.map((host) => host.id), voters: this.#roster.voters });
    this.#warnOfLeftOut();
    const { self } = this.#roster;
    if (this.#roster.get(self.id) === undefined)
      this.#log.warn('hosts.self_left', {
        message: `hosts.json no longer lists this host, '${self.id}'. Let it run until the mesh has moved without it; then it can claim nothing, and may be stopped.`,
      });
    if (this.#roster.voters.length === 0)
      this.#log.warn('hosts.no_voters', {
        message:
          'hosts.json lists more than seven hosts and marks none "voter": true, so nobody votes and nothing can be claimed. Mark three or five of them, the same on every host.',
      });
    for (const listener of this.#listeners) listener(this.#roster);
  }

  #warnOfLeftOut(): void {
    for (const message of this.#roster.leftOut) this.#log.warn('hosts.left_out', { message });
  }
}
