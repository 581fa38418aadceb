// HTML that a stranger wrote, as HTML that may be shown: what is on the lists here, and nothing else. Nothing of it is fetched from
// anywhere, runs, or sends; what the writer hid from people stays hidden. The page around it says the same again to the browser.
import sanitizeHtml from 'sanitize-html';
import { isHiddenByStyle, withoutInvisible } from './hidden.ts';
import { type HtmlReader, readHtml } from './html-pass.ts';

/** The picture that a content id names, as a `data:` URL; `undefined`: it is not shown. */
export type PictureOf = (contentId: string) => string | undefined;

/** What is beyond the bounds of a pass is left out. */
export function sanitisedHtml(html: string, pictureOf: PictureOf): string {
  const { transformTags } = OPTIONS;
  const img: sanitizeHtml.Transformer = (tagName, { src = '', ...attribs }) => {
    const cid = contentIdIn(src);
    const shown = cid === undefined ? (PICTURE.test(src.trim()) ? src.trim() : undefined) : pictureOf(cid);
    return { tagName, attribs: { ...attribs, ...(shown === undefined ? {} : { src: shown }) } };
  };
  return sanitizeHtml(withinBounds(html), { ...OPTIONS, transformTags: { ...transformTags, img } });
}

/** Content ids of the pictures that the HTML asks for, each once. */
export function picturesIn(html: string): readonly string[] {
  const ids = new Set<string>();
  const begin: HtmlReader['begin'] = (name, { src = '' }) => {
    const cid = name === 'img' ? contentIdIn(src) : undefined;
    if (cid !== undefined) ids.add(cid);
  };
  readHtml(html, { begin, end: () => undefined, text: () => undefined });
  return [...ids];
}

/** Types that a browser shows as a picture and runs nothing of. */
export const PICTURE_TYPES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+$/i;
const LINK = /^(?:https?:\/\/|mailto:)/i;
/** An element of this name is left out with all that is in it. */
const LEFT_OUT = 'script';

const OPTIONS: sanitizeHtml.IOptions & { readonly transformTags: Readonly<Record<string, sanitizeHtml.Transformer>> } =
  {
    allowedTags: [
      ...[
        'address',
        'article',
        'aside',
        'footer',
        'header',
        'h1',
        'h2',
        'h3',
        'h4',
        'h5',
        'h6',
        'main',
        'nav',
        'section',
      ],
      ...['blockquote', 'center', 'dd', 'div', 'dl', 'dt', 'figcaption', 'figure', 'hr', 'li', 'ol', 'p', 'pre', 'ul'],
      ...[
        'a',
        'abbr',
        'b',
        'bdi',
        'br',
        'cite',
        'code',
        'del',
        'em',
        'font',
        'i',
        'img',
        'ins',
        'kbd',
        'mark',
        'q',
        's',
      ],
      ...['samp', 'small', 'span', 'strike', 'strong', 'sub', 'sup', 'time', 'tt', 'u', 'var', 'wbr'],
      ...['caption', 'col', 'colgroup', 'table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr'],
    ],
    nonTextTags: [
      LEFT_OUT,
      'style',
      'textarea',
      'option',
      'select',
      'noscript',
      'title',
      'template',
      'svg',
      'math',
      'object',
      'iframe',
    ],
    allowedAttributes: {
      '*': ['dir', 'lang', 'align', 'valign'],
      a: ['href', 'title', 'rel'],
      img: ['src', 'alt', 'width', 'height'],
      ...{
        td: ['colspan', 'rowspan', 'width'],
        th: ['colspan', 'rowspan', 'width'],
        table: ['border', 'width'],
        ol: ['start'],
      },
    },
    allowedSchemes: ['http', 'https', 'mailto'],
    allowedSchemesByTag: { img: ['data'] },
    allowProtocolRelative: false,
    transformTags: {
      '*': (tagName, attribs) => {
        const isHidden = 'hidden' in attribs || isHiddenByStyle(attribs.style ?? '');
        return { tagName: isHidden ? LEFT_OUT : tagName, attribs };
      },
      // Whoever is linked to learns nothing of who looks; a link without its scheme would lead into this host.
      a: (tagName, { href = '', ...attribs }) => {
        const shown = LINK.test(href.trim()) ? { href: href.trim() } : {};
        return { tagName, attribs: { ...attribs, ...shown, rel: 'noopener noreferrer nofollow' } };
      },
    },
    textFilter: (text) => withoutInvisible(text).text,
  };

/** The beginning of it, as far as a pass goes: the sanitiser would need the square of the depth. */
function withinBounds(html: string): string {
  let seen = 0;
  const note = ({ end }: { readonly end: number }) => {
    seen = Math.max(seen, end);
  };
  readHtml(html, {
    begin: (_name, _given, place) => note(place),
    end: (_name, place) => note(place),
    text: () => undefined,
  });
  return seen === 0 ? html.slice(0, TAGLESS_CHARACTERS_MAX) : html.slice(0, seen + TAGLESS_CHARACTERS_MAX);
}

/** Text behind the last tag. */
const TAGLESS_CHARACTERS_MAX = 64 * 1_024;

function contentIdIn(src: string): string | undefined {
  const escaped = /^cid:(.+)$/is.exec(src.trim())?.[1];
  if (escaped === undefined) return undefined;
  try {
    return decodeURIComponent(escaped);
  } catch {
    // RFC 2392 escapes ids in URLs; this one was written as it is.
    return escaped;
  }
}
