// Text that a program reads and a person does not see: characters that show nothing or turn the order of what is shown, and elements whose
// style hides them. It is how instructions are put into a mail past whoever looks at it.

/** Tag characters (U+E0000 block) and the controls that embed, override or isolate a direction (UAX #9). */
const INVISIBLE = /[\u{E0000}-\u{E007F}\u{202A}-\u{202E}\u{2066}-\u{2069}]/u;
const INVISIBLES = new RegExp(INVISIBLE, 'gu');
/** A flag of a region, such as Scotland's: a black flag, its letters as tags, and the tag that ends them (UTS #51). */
const FLAGS = /\u{1F3F4}[\u{E0061}-\u{E007A}]{2,6}\u{E007F}/gu;

export interface Shown {
  readonly text: string;
  readonly hasHidden: boolean;
}

export function withoutInvisible(text: string): Shown {
  if (!INVISIBLE.test(text)) return { text, hasHidden: false };
  const pieces: string[] = [];
  let from = 0;
  let hasHidden = false;
  const show = (piece: string) => {
    hasHidden ||= INVISIBLE.test(piece);
    pieces.push(piece.replace(INVISIBLES, ''));
  };
  for (const flag of text.matchAll(FLAGS)) {
    show(text.slice(from, flag.index));
    pieces.push(flag[0]);
    from = flag.index + flag[0].length;
  }
  show(text.slice(from));
  return { text: pieces.join(''), hasHidden };
}

const NOTHING = /^0+(?:\.0+)?(?:px|pt|em|rem|ex|ch|cm|mm|in|pc|vh|vw|%)?$/;
const STYLE_CHARACTERS_MAX = 10_000;

/** Whether an element's own style hides what is in it. */
export function isHiddenByStyle(style: string): boolean {
  const declared = new Map<string, string>();
  for (const declaration of style.slice(0, STYLE_CHARACTERS_MAX).toLowerCase().split(';')) {
    const colon = declaration.indexOf(':');
    if (colon < 0) continue;
    const value = declaration.slice(colon + 1).replace('!important', '');
    declared.set(declaration.slice(0, colon).trim(), value.trim());
  }
  const is = (property: string, value: string) => declared.get(property) === value;
  const isNothing = (property: string) => NOTHING.test(declared.get(property) ?? '');
  const clips = is('overflow', 'hidden') && ['height', 'max-height', 'width', 'max-width'].some(isNothing);
  return (
    is('display', 'none') ||
    is('visibility', 'hidden') ||
    is('visibility', 'collapse') ||
    isNothing('font-size') ||
    isNothing('opacity') ||
    clips
  );
}
