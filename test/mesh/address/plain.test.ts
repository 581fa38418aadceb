import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { AddressOptions } from '../../../mesh/address/options.ts';
import { parseAddress, parseInFull } from '../../../mesh/address/parse.ts';
import { parsePlain } from '../../../mesh/address/plain.ts';
import type { Random } from '../../../mesh/ports.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { drawText, nearlyAddress, pick } from './weird-text.ts';

const OPTIONS: readonly AddressOptions[] = [
  {},
  { strict: true },
  { strict: true, globallyDeliverable: false },
  { testEnvironment: true },
  { allowSingleLabel: true, allowQuotedLocal: true, allowDisplayName: true, globallyDeliverable: false },
];

describe('the short way', () => {
  it.each([1, 2, 3])('gives what the long way gives (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const drawn = Array.from({ length: 10_000 }, () => ({
      text: random.next() < 0.2 ? nearlyAddress(random) : nearlyPlain(random),
      options: pick(random, OPTIONS),
    }));
    const different = drawn.filter(
      ({ text, options }) => !isDeepStrictEqual(parseAddress(text, options), parseInFull(text, options)),
    );
    expect(different).toEqual([]);
    // Neither always nor never: both sides were compared.
    const taken = drawn.filter(({ text, options }) => parsePlain(text, options) !== undefined);
    expect(taken.length / drawn.length).toBeGreaterThan(0.1);
    expect(taken.length / drawn.length).toBeLessThan(0.9);
  });

  it.each([
    'titania@23blocks.23smartagents.com',
    'first.last+tag@Example.ORG',
    "o'neil@x.co",
    `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.de`,
  ])('is taken by %s', (text) => {
    expect(parsePlain(text, { strict: true })).toBeDefined();
  });

  it.each([
    'a@xn--strae-oqa.de',
    'a@aa--b.de',
    'a@x.local',
    'a@x.y2',
    'a@x',
    `a@x.${'y'.repeat(64)}`,
    '.a@x.com',
    'a@x.com ',
    'é@x.com',
  ])('leaves %s to the long way', (text) => {
    expect(parsePlain(text, {})).toBeUndefined();
  });
});

/** ASCII that is an address about half the time, often at the edge of a length. */
function nearlyPlain(random: Random): string {
  const length = () => pick(random, [1, 2, 5, 12, 62, 63, 64, 65]);
  const local = drawText(random, [...'abcXYZ019_+-', ...'az', 'info', 'WWW', '.'], length());
  const label = () => drawText(random, [...'abcdefXYZ0129', '-'], pick(random, [1, 2, 4, 4, 8, length()]));
  const labels = Array.from({ length: pick(random, [1, 2, 2, 3, 4, 8]) }, label);
  return `${local}@${[...labels, pick(random, ['com', 'Org', 'local', 'test', 'onion', 'c0', '9', '', 'a-b'])].join('.')}`;
}
