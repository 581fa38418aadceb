// What a page says once something was done. The browser brings only the word back, so that no link can put a sentence into a page.
const SAYINGS = {
  loggedOut: () => 'You have logged out.',
  retried: () => 'The delivery is attempted again now.',
  replayed: (count: number) => `${counted(count, 'event is', 'events are')} sent again.`,
  replayedLater: (count: number) =>
    `${counted(count, 'event is', 'events are')} sent again once the receiver is asked again, which is when its state says. Retry one delivery to have it asked now.`,
  released: (count: number) => `${counted(count, 'event that waits is', 'events that wait are')} sent now.`,
  rotated: () => 'The subscription signs by the secret that you gave.',
  enabled: () => 'The subscription is enabled; what waited for it is sent.',
  disabled: () => 'The subscription is disabled; its events are held.',
  tested: (status: number) => `The receiver answered the test with ${status}.`,
  testFailed: () => 'The receiver did not take the test. Its last attempts below, and the log, say why.',
  keptMine: () => 'The address is claimed here again.',
  keptTheirs: () => 'The address stays with the other host.',
  cancelled: () => 'The message is not sent any more.',
  resent: () => 'The message is sent again.',
  mailSent: () => 'The mail is on its way.',
  draftSaved: () => 'The draft is as you have changed it.',
  draftSame: () => 'Nothing of the draft was changed.',
  draftUntimed: () => 'The draft goes out no more by itself. It waits for somebody to send it.',
  draftDeleted: () => 'The draft is deleted.',
  mailReleased: () => 'The mail lies in the inbox now, and whoever listens was told that it came.',
  mailLabelled: () => 'The labels are changed.',
  entryAdded: () => 'The entry is in the list.',
  entryKnown: () => 'The list had that entry already.',
  entryRemoved: () => 'The entry is taken out of the list.',
  domainAdded: () => 'The domain is here. Publish its records, then have them looked up.',
  domainRemoved: () => 'The domain is taken away.',
  domainLooked: () => 'The DNS was asked. What it said stands beside each record.',
} as const satisfies Readonly<Record<string, (count: number) => string>>;

export type Saying = keyof typeof SAYINGS;

export function isSaying(text: string): text is Saying {
  return Object.hasOwn(SAYINGS, text);
}

export function sentenceOf(saying: Saying, count: number): string {
  return SAYINGS[saying](count);
}

function counted(count: number, one: string, more: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : more}`;
}
