// What a reply says by itself, without the mail that it quotes below. Only what stands at the end is cut: answers between quotes are worth
// nothing without them. Lines are looked at one by one, with no expression that could backtrack over a mail.

/** What programs write above a quote: how the line begins and how it ends, in lower case. It names a day, so there is a digit in it. */
const WROTE: readonly (readonly [begins: string, ends: string])[] = [
  ['on ', 'wrote:'],
  ['am ', 'schrieb:'],
  ['am ', ':'],
  ['le ', 'a écrit :'],
  ['le ', 'a écrit:'],
  ['el ', 'escribió:'],
  ['em ', 'escreveu:'],
  ['il ', 'ha scritto:'],
  ['op ', 'schreef:'],
  ['op ', ':'],
  ['den ', 'skrev:'],
  ['w dniu ', ':'],
  ['dnia ', ':'],
  ['在', '写道：'],
  ['于', '写道：'],
  ['', '님이 작성:'],
];
/** A line that begins so may begin such a sentence. Most lines of a mail don't, and are looked at no further. */
const BEGINS = new RegExp(
  `^\\s*(?:${WROTE.flatMap(([begins]) => (begins === '' ? [] : [begins.trimEnd()])).join('|')})`,
  'i',
);
/** What ends a sentence that may begin with anything. */
const ENDS = WROTE.flatMap(([begins, ends]) => (begins === '' ? [ends] : []));
/** Said of a quote by the verbs that do not end the line: "Am 3. Mai schrieb Jane:". */
const VERBS: Readonly<Record<string, string>> = {
  'am ': ' schrieb ',
  'op ': ' schreef ',
  'w dniu ': ' napisał',
  'dnia ': ' napisał',
};
/** A line that programs put above the whole mail which follows. */
const RULES = [
  'original message',
  'forwarded message',
  'ursprüngliche nachricht',
  'message original',
  "message d'origine",
  'mensaje original',
  'messaggio originale',
  'oorspronkelijk bericht',
  'ursprungligt meddelande',
  '原始邮件',
];
/** The first lines of the header that Outlook puts above a quote: who, then when. */
const FROM_WORDS = ['from:', 'von:', 'de:', 'da:', 'van:', 'från:', 'fra:', '发件人:', '发件人：', '差出人:'];
const SENT_WORDS = [
  'sent:',
  'date:',
  'gesendet:',
  'datum:',
  'envoyé',
  'enviado',
  'inviato:',
  'verzonden:',
  'skickat:',
  'sendt:',
  '发送时间',
  '日期',
  '送信日時',
];
const HEADER_LINES_MAX = 4;
const LINE_CHARACTERS_MAX = 1_000;

/** The text itself when nothing but a quote is in it. */
export function extractedText(text: string): string {
  const lines = text.split(/\r?\n/);
  const end = Math.min(firstUnmarkedQuote(lines), markedQuoteAtEnd(lines));
  const kept = lines.slice(0, end).join('\n').trimEnd();
  return kept.trim() === '' ? text.trim() : kept;
}

/** Where a quote begins that marks no line: whatever is below belongs to it. */
function firstUnmarkedQuote(lines: readonly string[]): number {
  for (const [at, line] of lines.entries()) {
    if (isRule(line) || isOutlookHeader(lines, at)) return at;
    const length = wroteLines(lines, at);
    if (length > 0 && !isMarked(nextWords(lines, at + length))) return at;
  }
  return lines.length;
}

/** Where the marked quote begins that ends the text, with the line above it that says whose it is. */
function markedQuoteAtEnd(lines: readonly string[]): number {
  let start = lines.length;
  for (let at = lines.length - 1; at >= 0; at--) {
    const line = lines[at] as string;
    if (isMarked(line)) start = at;
    else if (line.trim() !== '') break;
  }
  if (start === lines.length) return start;
  const above = lastWords(lines, start);
  for (let at = above; at >= 0 && at > above - HEADER_LINES_MAX; at--)
    if (wroteLines(lines, at) === above - at + 1) return at;
  return start;
}

/** How many lines the sentence "On … wrote:" has that begins here; 0: none does. Long ones are broken. */
function wroteLines(lines: readonly string[], at: number): number {
  if (!mayBegin(lines, at)) return 0;
  let sentence = '';
  for (let count = 1; count <= HEADER_LINES_MAX; count++) {
    const line = lines[at + count - 1]?.trim() ?? '';
    if (line === '' || line.length > LINE_CHARACTERS_MAX) return 0;
    sentence = `${sentence} ${line.toLowerCase()}`.trimStart();
    if (count === 1 && !WROTE.some(([begins]) => sentence.startsWith(begins))) return 0;
    if (isWrote(sentence)) return count;
  }
  return 0;
}

function mayBegin(lines: readonly string[], at: number): boolean {
  if (BEGINS.test(lines[at] as string)) return true;
  for (let next = at; next < at + HEADER_LINES_MAX && next < lines.length; next++)
    if (ENDS.some((ends) => lines[next]?.includes(ends))) return true;
  return false;
}

function isWrote(sentence: string): boolean {
  return WROTE.some(([begins, ends]) => {
    if (!sentence.startsWith(begins) || !sentence.endsWith(ends) || !/\d/.test(sentence)) return false;
    const verb = ends === ':' ? VERBS[begins] : undefined;
    return verb === undefined || sentence.includes(verb);
  });
}

function isRule(line: string): boolean {
  if (!line.includes('--')) return false;
  const bare = line.trim().toLowerCase();
  if (!bare.startsWith('--') || bare.length > LINE_CHARACTERS_MAX) return false;
  let [from, to] = [0, bare.length];
  while (bare[from] === '-' || bare[from] === ' ') from++;
  while (to > from && (bare[to - 1] === '-' || bare[to - 1] === ' ' || bare[to - 1] === ':')) to--;
  return RULES.includes(bare.slice(from, to));
}

function isOutlookHeader(lines: readonly string[], at: number): boolean {
  // What all of them end with.
  if (!/[:：]/.test(lines[at] as string)) return false;
  const starts = (line: string | undefined, words: readonly string[]) => {
    const bare = (line ?? '').slice(0, LINE_CHARACTERS_MAX).replaceAll('*', '').trim().toLowerCase();
    return words.some((word) => bare.startsWith(word));
  };
  return starts(lines[at], FROM_WORDS) && starts(lines[at + 1], SENT_WORDS);
}

function isMarked(line: string | undefined): boolean {
  return line?.trimStart().startsWith('>') ?? false;
}

function nextWords(lines: readonly string[], from: number): string | undefined {
  for (let at = from; at < lines.length && at < from + HEADER_LINES_MAX; at++)
    if (lines[at]?.trim() !== '') return lines[at];
  return undefined;
}

/** The line with words that is nearest above. */
function lastWords(lines: readonly string[], below: number): number {
  let at = below - 1;
  while (at >= 0 && lines[at]?.trim() === '') at--;
  return at;
}
