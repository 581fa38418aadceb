// Makes mesh/address/character-names.json from Unicode's UnicodeData.txt, whose path is the one argument:
//   node scripts/character-names.ts /usr/share/unicode/UnicodeData.txt
// Only names that errors about addresses need: spaces and separators, format characters, and common marks.
import { readFileSync, writeFileSync } from 'node:fs';

const TARGET = new URL('../mesh/address/character-names.json', import.meta.url);
/** Combining Diacritical Marks; Variation Selectors, which come with pasted emoji. */
const COMMON_MARKS = /^(?:03[0-6].|FE0.)$/;

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('Say where UnicodeData.txt is, e.g. /usr/share/unicode/UnicodeData.txt.');
const names: Record<string, string> = {};
for (const line of readFileSync(path, 'utf8').split('\n')) {
  // Code point; name; category; … (UAX #44 section 5.7). Ranges and controls have their name in angle brackets.
  const [hex = '', name = '', category = ''] = line.split(';');
  if (/^Z|^Cf$/.test(category) || COMMON_MARKS.test(hex)) names[`U+${hex}`] = name;
}
const table = {
  source: 'UnicodeData.txt of the Unicode Character Database, made by scripts/character-names.ts',
  licence: 'Unicode License v3, Copyright 1991-present Unicode, Inc.',
  names,
};
writeFileSync(TARGET, `${JSON.stringify(table, null, 2)}\n`);
console.log(`${Object.keys(names).length} names written.`);
