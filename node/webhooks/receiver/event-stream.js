// @ts-check
// Server-Sent Events taken apart (WHATWG HTML §9.2.6), in pieces of whatever length. Names of events are passed over: what a node
// tells has its type inside.

/** Of one event; what is longer is none of a node's. */
const EVENT_CHARACTERS_MAX = 1_048_576;

export class EventStream {
  #rest = '';
  /** @type {string[]} */
  #data = [];
  #size = 0;
  /** @type {string | undefined} */
  #id;
  /** Where a client goes on, as the server said last, with an event or without. @type {string | undefined} */
  lastId;
  /** How long the server asks to wait before one connects again. @type {number | undefined} */
  retryMs;

  /**
   * What is complete with this text, in order. `id`: of this event, or of the last one that had one.
   * @param {string} text
   * @returns {{ id: string | undefined, data: string }[]}
   */
  push(text) {
    const all = this.#rest + text;
    // A line's end may go on in the next piece: \r, then \n.
    const end = all.endsWith('\r') ? all.length - 1 : all.length;
    const lines = all.slice(0, end).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + all.slice(end);
    const events = lines.flatMap((line) => this.#line(line) ?? []);
    if (this.#rest.length + this.#size > EVENT_CHARACTERS_MAX)
      throw new Error(`The node sent an event of more than ${EVENT_CHARACTERS_MAX} characters.`);
    return events;
  }

  /** @param {string} line */
  #line(line) {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length + 1;
    } else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  #dispatch() {
    this.lastId = this.#id;
    const data = this.#data.join('\n');
    this.#data = [];
    this.#size = 0;
    return data === '' ? undefined : { id: this.lastId, data };
  }
}
