// The subject that the mails of one conversation share, whatever their programs put in front of it (after RFC 5256 §2.1, with the prefixes
// of other languages). It finds a thread only where no message id can.

/** What programs write for "Re:", in English, German, the Nordic languages, Dutch, French, Spanish, Italian, Polish, Turkish, Chinese, Japanese. */
const REPLY = [
  're',
  'aw',
  'sv',
  'vs',
  'antw',
  'ref',
  'res',
  'rif',
  'odp',
  'ynt',
  '回复',
  '回覆',
  '答复',
  '答覆',
  '返信',
];
const FORWARD = [
  'fw',
  'fwd',
  'wg',
  'vb',
  'vl',
  'doorst',
  'tr',
  'rv',
  'enc',
  'pd',
  'ilt',
  '转发',
  '轉寄',
  '转寄',
  '転送',
];
const PREFIX = new RegExp(`^(${[...REPLY, ...FORWARD].join('|')})(?:[[(^]\\d{1,3}[\\])]?)?[ ]?[:：]`, 'iu');
/** Shorter ones, such as "hi", say nothing. */
const BASE_CHARACTERS_MIN = 4;
const SUBJECT_CHARACTERS_MAX = 1_000;

/** The subject without its prefixes, in lower case; `undefined` when too little is left to know a conversation by. */
export function baseSubject(subject: string): string | undefined {
  const { base } = splitPrefixes(subject);
  return [...base].length < BASE_CHARACTERS_MIN ? undefined : base;
}

/** Whether the writer's program says that the mail answers another. */
export function hasReplyPrefix(subject: string): boolean {
  return splitPrefixes(subject).prefixes.some((prefix) => REPLY.includes(prefix));
}

/** Whether the first thing that it says is that the mail answers another. */
export function beginsAsReply(subject: string): boolean {
  return REPLY.includes(splitPrefixes(subject).prefixes[0] ?? '');
}

/** Whether the first thing that it says is that the mail passes another on. */
export function beginsAsForward(subject: string): boolean {
  return FORWARD.includes(splitPrefixes(subject).prefixes[0] ?? '');
}

function splitPrefixes(subject: string): { readonly base: string; readonly prefixes: readonly string[] } {
  let base = subject.slice(0, SUBJECT_CHARACTERS_MAX).normalize('NFC').replace(/\s+/gu, ' ').trim().toLowerCase();
  const prefixes: string[] = [];
  for (let found = PREFIX.exec(base); found !== null; found = PREFIX.exec(base)) {
    prefixes.push(String(found[1]));
    base = base.slice(found[0].length).trimStart();
  }
  return { base, prefixes };
}
