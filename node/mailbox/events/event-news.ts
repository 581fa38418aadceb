// Word that there may be new events, for those who read them. It says nothing of them: who has heard it reads on from where it was.

export class EventNews {
  readonly #listeners = new Set<() => void>();

  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Returns how to stop that. A listener only makes a note, and throws nothing. */
  hear(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
