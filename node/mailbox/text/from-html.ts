// The text of an HTML body, as a person would see it, in one linear pass over its tags. No tree is built, so depth costs nothing, and
// what is hidden from a person is left out. Links keep their address, for what an agent is sent is often a link.
import { isHiddenByStyle, type Shown } from './hidden.ts';
import { type HtmlReader, readHtml } from './html-pass.ts';

const LINK_CHARACTERS_MAX = 2_000;

const BLOCKS = new Set(
  'address article aside blockquote center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tr ul'.split(
    ' ',
  ),
);
/** Set apart from what is around them by an empty line. */
const PARAGRAPHS = new Set('blockquote dl h1 h2 h3 h4 h5 h6 ol p pre table ul'.split(' '));
/** What no browser shows as text. */
const UNSHOWN = new Set('head title style script template object svg math select textarea iframe noframes'.split(' '));
const VOIDS = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));

/** What is beyond the bounds of a pass is left out. */
export function textOfHtml(html: string): Shown {
  const writer = new TextWriter();
  readHtml(html, writer);
  return writer.shown();
}

interface OpenElement {
  readonly isHidden: boolean;
  readonly link: string | undefined;
  /** Where the text of a link begins, in pieces. */
  readonly from: number;
}

class TextWriter implements HtmlReader {
  readonly #pieces: string[] = [];
  readonly #open: OpenElement[] = [];
  /** Open elements that are hidden, and such as no browser shows. */
  #hiddenDepth = 0;
  #unshownDepth = 0;
  #preDepth = 0;
  #hasHidden = false;
  /** Line feeds that the next words begin with. */
  #breaks = 0;
  #spaces = false;

  shown(): Shown {
    return { text: this.#pieces.join('').trim(), hasHidden: this.#hasHidden };
  }

  begin(name: string, attributes: Readonly<Record<string, string>>): void {
    if (name === 'br') this.#break(this.#breaks + 1);
    if (BLOCKS.has(name)) this.#break(PARAGRAPHS.has(name) ? 2 : 1);
    if (name === 'img') this.text(attributes.alt ?? '');
    if (name === 'td' || name === 'th') this.#spaces = true;
    if (VOIDS.has(name)) return;
    const isHidden = 'hidden' in attributes || isHiddenByStyle(attributes.style ?? '');
    const href = name === 'a' ? attributes.href : undefined;
    this.#open.push({ isHidden, link: href, from: this.#pieces.length });
    if (isHidden) this.#hiddenDepth++;
    if (UNSHOWN.has(name)) this.#unshownDepth++;
    if (name === 'pre') this.#preDepth++;
    if (name === 'li') this.text('- ');
  }

  end(name: string): void {
    if (VOIDS.has(name)) return;
    const element = this.#open.pop();
    if (element === undefined) return;
    this.#endLink(element);
    if (element.isHidden) this.#hiddenDepth--;
    if (UNSHOWN.has(name)) this.#unshownDepth--;
    if (name === 'pre') this.#preDepth--;
    if (BLOCKS.has(name)) this.#break(PARAGRAPHS.has(name) ? 2 : 1);
  }

  #endLink({ link, from }: OpenElement): void {
    if (link === undefined || this.#hiddenDepth + this.#unshownDepth > 0 || link.length > LINK_CHARACTERS_MAX) return;
    const words = this.#pieces.slice(from).join('').trim();
    if (/^https?:\/\//i.test(link) && words !== link && !words.includes(link)) this.#write(` (${link.trim()})`);
  }

  text(text: string): void {
    if (this.#unshownDepth > 0) return;
    if (this.#hiddenDepth > 0) {
      this.#hasHidden ||= text.trim() !== '';
      return;
    }
    if (this.#preDepth > 0) {
      this.#write(text.replace(/\r\n?/g, '\n'));
      return;
    }
    const words = text.replace(/[ \t\r\n\f\u00a0]+/g, ' ');
    if (words.startsWith(' ')) this.#spaces = true;
    const bare = words.trim();
    if (bare === '') return;
    this.#write(bare);
    this.#spaces = words.endsWith(' ');
  }

  #write(words: string): void {
    if (this.#pieces.length > 0 && this.#breaks > 0) this.#pieces.push('\n'.repeat(Math.min(this.#breaks, 2)));
    else if (this.#spaces && this.#pieces.length > 0) this.#pieces.push(' ');
    this.#breaks = 0;
    this.#spaces = false;
    this.#pieces.push(words);
  }

  #break(count: number): void {
    this.#breaks = Math.max(this.#breaks, count);
  }
}
