// Texts as nobody would write them, and as somebody will send them. Made of pieces that mean something to one rule or another,
// so that short texts reach deep; drawn by a seed.
import type { Random } from '../../../mesh/ports.ts';

const ASCII = [...'abzAZ019.-_@"\\ <>[]:;,()\'+/\n\t\0\x7f', '..', '@@', '""', '\\"', '.-', '-.', '--'];
/** Case, composition and width; other scripts, both directions; contextual characters; what must never get through. */
const UNICODE = [
  ...'éñßẞſςσΣİıŉΐᾳÅΩﬂ①¼。．－ｘｎ葉士臺網例אבعي٣۳·l・カか͵׳゠名',
  ...'\u{1f600}\u{1f1e9}\u{104b0}\u{1d538}\u{10ffff}\ufdef\ufffd\u0345\u0301\u0323\u0338\u0307\u05c1\ufe0f',
  ...'\u200b\u200c\u200d\u00ad\u202e\u2028\u0085\u00a0\u2000\u3164\u115f\u037e\u1fef\u212a\u2024\u2488\uff20\ufe6b',
  ...'\u1100\u1161\uac00\ue000',
  '\ud800',
  '\udfff',
];
const PHRASES = [
  'xn--',
  'xn--fiqq24b10vi0d',
  'xn--strae-oqa',
  'xn--0',
  'xn--abc-',
  'xn--ls8h',
  'a@b.com',
  '@example.com',
  '@x.test',
  'local',
  'localhost',
  'PostMaster',
  '[127.0.0.1]',
  '[IPv6:2001:db8::1]',
  '[IPv6:',
  'name <',
  'a'.repeat(30),
  'é'.repeat(32),
];

/** Any text of at most `piecesMax` pieces. */
export function weirdText(random: Random, piecesMax: number): string {
  const pieces = pick(random, [ASCII, [...ASCII, ...UNICODE], [...ASCII, ...UNICODE, ...PHRASES]]);
  return drawText(random, pieces, Math.floor(random.next() * (piecesMax + 1)));
}

/** A text with a fair chance to be an address. */
export function nearlyAddress(random: Random): string {
  const local = pick(random, [
    () => weirdText(random, 4),
    () => drawText(random, [...'abcXYZ019_+-.'], 1 + Math.floor(random.next() * 12)),
    () => `"${weirdText(random, 5).replace(/["\\]/g, '\\$&')}"`,
  ])();
  const domain = pick(random, [
    () => `${weirdText(random, 3)}.com`,
    () => drawText(random, [...'abcXY019-.', 'xn--', '.local', '.org'], 1 + Math.floor(random.next() * 12)),
    () => `${drawText(random, [...'abß例א1-。Ω'], 3)}.de`,
    () => `[${drawText(random, ['IPv6:', 'ipv6:', ':', '::', '1', 'ff', '0', '.', '255', '1.2.3.4', 'g'], 5)}]`,
  ])();
  return `${local}@${domain}`;
}

export function pick<Value>(random: Random, values: readonly Value[]): Value {
  const value = values[Math.floor(random.next() * values.length)];
  if (value === undefined) throw new RangeError('There is nothing to pick from.');
  return value;
}

export function drawText(random: Random, pieces: readonly string[], count: number): string {
  return Array.from({ length: count }, () => pick(random, pieces)).join('');
}
