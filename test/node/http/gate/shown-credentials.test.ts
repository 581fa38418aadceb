import { describe, expect, it } from 'vitest';
import { REMEMBERED_CHARACTERS_MAX, ShownCredentials } from '../../../../node/http/gate/shown-credentials.ts';
import { keyDigest } from '../../../../node/keys/key-text.ts';

const KEY = `amk_${'k'.repeat(43)}`;

function setUp() {
  const shown = new ShownCredentials();
  const of = (text: string | undefined, connection?: object) =>
    shown.of({ connection, header: (name) => (name === 'authorization' ? text : undefined) });
  return { of };
}

describe('what a connection shows', () => {
  it('is taken apart once, as long as it stays the same', () => {
    const { of } = setUp();
    const connection = {};
    const first = of(`Bearer ${KEY}`, connection);
    expect(first).toMatchObject({ isKey: true, digest: keyDigest(KEY) });
    expect(of(`Bearer ${KEY}`, connection)).toBe(first);
    const other = of(`Bearer ${KEY.replace(/k$/, 'x')}`, connection);
    expect(other).toMatchObject({ isKey: true, digest: keyDigest(KEY.replace(/k$/, 'x')) });
    expect(of(`Bearer ${KEY}`, connection)).toEqual(first);
  });

  it('is its own: another connection is asked anew, and so is who has none', () => {
    const { of } = setUp();
    const first = of(`Bearer ${KEY}`, {});
    for (const again of [of(`Bearer ${KEY}`, {}), of(`Bearer ${KEY}`), of(`Bearer ${KEY}`)]) {
      expect(again).toEqual(first);
      expect(again).not.toBe(first);
    }
  });

  it('is not remembered when it is long', () => {
    const { of } = setUp();
    const [connection, text] = [{}, `Bearer ${'t'.repeat(REMEMBERED_CHARACTERS_MAX)}`];
    expect(of(text, connection)).not.toBe(of(text, connection));
  });

  it.each([undefined, '', 'Basic YTpi', 'Bearer', 'Bearer a b'])('is nothing by %j', (text) => {
    const { of } = setUp();
    const connection = {};
    expect([of(text, connection), of(text, connection)]).toEqual([undefined, undefined]);
  });
});
