// What is looked for by words, and what is found.
import type { Scope } from './scope.ts';
import type { HiddenLabel, MailItem, ThreadItem } from './stored-mail.ts';

/** What is looked for, and within which scope. */
export interface SearchQuestion extends Scope {
  /** Words as somebody has written them; each must be found. */
  readonly words: readonly string[];
  /** Threads with one of these labels are not there for whoever asks. */
  readonly denied?: readonly HiddenLabel[] | undefined;
  /** Times in milliseconds since 1970, both exclusive. */
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
  readonly place?: SearchPlace | undefined;
}

/**
 * A place among what is found. The newest mails that are found are ordered by how well they fit, some thousands at a time: those of rows
 * from `low` to `high`, of which `seen` were shown, `last` the last of them. `top` is the highest row of all.
 */
export interface SearchPlace {
  readonly top: number;
  readonly high: number;
  readonly low: number;
  readonly seen: number;
  readonly last: number;
}

/** Fragments of the fields in which something was found, that between two pairs of asterisks. */
export interface Highlights {
  readonly from?: readonly string[] | undefined;
  readonly recipients?: readonly string[] | undefined;
  readonly subject?: readonly string[] | undefined;
  readonly text?: readonly string[] | undefined;
}

/** The texts of a mail in which something was found. */
export interface FoundTexts {
  readonly from: string;
  readonly recipients: readonly string[];
  readonly subject: string;
  readonly text: string;
}

export interface FoundMail {
  readonly item: MailItem;
  readonly texts: FoundTexts;
}

export interface FoundThread {
  readonly item: ThreadItem;
  /** Texts of the best of its mails that were found. */
  readonly texts: readonly FoundTexts[];
}

export interface Found<Item> {
  readonly items: readonly Item[];
  readonly next?: SearchPlace | undefined;
}
