// What is said at the same moment, said once. Mails of a group are answered together, so their senders speak together, too.

/** Collects items until the turn of the event loop ends, and hands on each once. */
export class Gathered<Item> {
  readonly #tell: (items: readonly Item[]) => void;
  readonly #items = new Set<Item>();

  constructor(tell: (items: readonly Item[]) => void) {
    this.#tell = tell;
  }

  add(items: readonly Item[]): void {
    if (items.length > 0 && this.#items.size === 0) setImmediate(() => this.#flush());
    for (const item of items) this.#items.add(item);
  }

  #flush(): void {
    const items = [...this.#items];
    this.#items.clear();
    this.#tell(items);
  }
}

/** Asks what is asked alike within one turn of the event loop once, at its end: so an answer is never older than its question. */
export function inTurn<Question, Answer>(ask: (question: Question) => Promise<Answer>): typeof ask {
  const asked = new Map<string, Promise<Answer>>();
  return (question) => {
    const key = JSON.stringify(question);
    const known = asked.get(key);
    if (known !== undefined) return known;
    const answer = new Promise<Answer>((resolve) => {
      setImmediate(() => {
        asked.delete(key);
        resolve(ask(question));
      });
    });
    asked.set(key, answer);
    return answer;
  };
}
