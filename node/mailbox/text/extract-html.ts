// The HTML of a reply without the quote at its end, found by the containers that mail programs put quotes into. What a program does not
// mark stays: HTML is cut where it says itself that a quote begins, and nowhere else.
import { type HtmlReader, type Place, readHtml } from './html-pass.ts';

/** Classes of Gmail, Thunderbird, Yahoo, Zoho, Proton. */
const QUOTE_CLASSES = [
  'gmail_quote',
  'gmail_quote_container',
  'moz-cite-prefix',
  'yahoo_quoted',
  'zmail_extra',
  'protonmail_quote',
];
/** Outlook puts these above a quote that has no container: what is below belongs to it. */
const QUOTE_BELOW_IDS = ['appendonsend', 'divrplyfwdmsg', 'mail-editor-reference-message-container'];

interface Cut {
  start: number;
  end: number;
}

/** The HTML itself when there is no such quote, or nothing else. */
export function extractedHtml(html: string): string {
  const scanner = new QuoteScanner();
  readHtml(html, scanner);
  const cut = scanner.cut(html.length);
  return cut === undefined ? html : html.slice(0, cut.start) + html.slice(cut.end);
}

class QuoteScanner implements HtmlReader {
  #depth = 0;
  /** Where a quote that is being read began, and how deep. */
  #quoteDepth: number | undefined;
  #cut: Cut | undefined;
  #isToTheEnd = false;
  #hasWords = false;

  begin(name: string, attributes: Readonly<Record<string, string>>, { start }: Place): void {
    this.#depth++;
    if (this.#isToTheEnd || this.#quoteDepth !== undefined) return;
    const isBelow = QUOTE_BELOW_IDS.includes((attributes.id ?? '').toLowerCase());
    if (!isBelow && !isQuote(name, attributes)) return;
    this.#cut ??= { start, end: start };
    if (isBelow) this.#isToTheEnd = true;
    else this.#quoteDepth = this.#depth;
  }

  end(_name: string, { end }: Place): void {
    if (this.#quoteDepth === this.#depth && this.#cut !== undefined) {
      this.#cut.end = end;
      this.#quoteDepth = undefined;
    }
    this.#depth--;
  }

  text(words: string): void {
    if (this.#isToTheEnd || this.#quoteDepth !== undefined || words.trim() === '') return;
    // An answer below a quote: the quote stays.
    this.#cut = undefined;
    this.#hasWords = true;
  }

  /** `undefined`: nothing is to be cut. */
  cut(length: number): Cut | undefined {
    if (this.#cut === undefined || !this.#hasWords) return undefined;
    return this.#isToTheEnd || this.#quoteDepth !== undefined ? { ...this.#cut, end: length } : this.#cut;
  }
}

function isQuote(name: string, attributes: Readonly<Record<string, string>>): boolean {
  if (name === 'blockquote') return attributes.type?.toLowerCase() === 'cite';
  const classes = (attributes.class ?? '').split(/\s+/);
  return classes.some((one) => QUOTE_CLASSES.includes(one));
}
