// One linear pass over HTML that a stranger wrote. The parser keeps the names of open elements and looks through them at each end tag, so
// that a mail of open tags would cost the square of its length: what is deeper than a bound ends the pass.
import { Parser, type ParserOptions } from 'htmlparser2';

const HTML_CHARACTERS_MAX = 2 * 1024 * 1024;
const DEPTH_MAX = 500;
/** Characters that are read before the depth is looked at. */
const PIECE_CHARACTERS = 8 * 1024;
const OPTIONS: ParserOptions = { decodeEntities: true, lowerCaseTags: true, lowerCaseAttributeNames: true };

/** Where an event stands in the HTML, in characters; `end` is exclusive. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

export interface HtmlReader {
  begin(name: string, attributes: Readonly<Record<string, string>>, place: Place): void;
  /** Elements that HTML closes by itself are ended, too. */
  end(name: string, place: Place): void;
  text(text: string): void;
}

/** What is beyond the bounds is not read. */
export function readHtml(html: string, reader: HtmlReader): void {
  let depth = 0;
  const place = (): Place => ({ start: parser.startIndex, end: parser.endIndex + 1 });
  const parser: Parser = new Parser(
    {
      onopentag: (name, attributes) => {
        depth++;
        reader.begin(name, attributes, place());
      },
      onclosetag: (name) => {
        depth--;
        reader.end(name, place());
      },
      ontext: (text) => reader.text(text),
    },
    OPTIONS,
  );
  const end = Math.min(html.length, HTML_CHARACTERS_MAX);
  for (let at = 0; at < end && depth <= DEPTH_MAX; at += PIECE_CHARACTERS)
    parser.write(html.slice(at, Math.min(at + PIECE_CHARACTERS, end)));
  parser.end();
}
