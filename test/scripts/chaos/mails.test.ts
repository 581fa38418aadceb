// The mails of public test suites that this repository holds tell of nobody: what named a person was replaced, also where it was encoded.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Sample {
  readonly name: string;
  /** Octets as characters of ISO 8859-1. */
  readonly raw: string;
}

const { mails } = JSON.parse(readFileSync(new URL('../../data/mails.json', import.meta.url), 'utf8')) as {
  readonly mails: readonly Sample[];
};

const BASE64 = /(?:[A-Za-z0-9+/]{4,76}={0,2}[ \t]*\r?\n)*[A-Za-z0-9+/]{4,76}={0,2}[ \t]*(?=\r?\n|$)/g;
const ADDRESS = /[\w.+-]+@([\w-]+(?:\.[\w-]+)+)/g;
/** RFC 2606, RFC 6761, and names that no zone can have. */
const NOBODYS = /(?:^|\.)(?:example(?:\.(?:com|net|org|jp|co\.jp))?|test|invalid|localhost|xxx\.xxx)\.?$/;

/** The mail, and whatever in it is base64. */
function textsOf({ raw }: Sample): readonly string[] {
  const blocks = raw.match(BASE64) ?? [];
  return [raw, ...blocks.map((block) => Buffer.from(block, 'base64').toString('latin1'))];
}

describe('a sample of the corpus', () => {
  it('has only addresses of names that are nobody’s, in clear and encoded', () => {
    const real = mails.flatMap((mail) =>
      textsOf(mail).flatMap((text) =>
        [...text.matchAll(ADDRESS)].flatMap(([address, domain = '']) =>
          NOBODYS.test(domain) ? [] : [`${mail.name}: ${address}`],
        ),
      ),
    );
    expect(real).toEqual([]);
  });
});
