#!/usr/bin/env node
// `node scripts/mask-mails.ts OWNER/NAME=CLONE…` writes test/data/masked-mails.json.gz: of each clone's mails those that are not among the samples
// in test/data/mails.json, masked, and the licences under which they are passed on.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { fileOfClone, mailsOfClone, sampledMails } from './chaos/mail-corpus.ts';
import { knownWords, masked } from './chaos/masked-mail.ts';

/** Samples of Hunny Software, whose licence says nothing of passing them on, and a mail that is large and nothing else. */
const LEFT_OUT = /^resources\/eml\/legacy\/|\/big\.eml$/;
/** What one clone has of another project. */
const OF_DOVECOT = /^resources\/eml\/(?:malformed|thirdparty)\//;
const ABOUT =
  'Mails of public test suites without what they say: see scripts/chaos/masked-mail.ts. Octets are written as characters of ISO 8859-1.';

const samples = sampledMails();
const { sources } = JSON.parse(readFileSync(new URL('../test/data/mails.json', import.meta.url), 'utf8'));
const sampled = new Set(samples.map(({ name }) => name));
const known = knownWords(samples);
const salt = randomBytes(16).toString('hex');
const mails = process.argv.slice(2).flatMap((argument) => {
  const [owner = '', clone = ''] = argument.split('=');
  const licence = () => fileOfClone(clone, 'LICENSE').toString();
  sources[owner] ??= { url: `https://github.com/${owner}`, licence: licence() };
  const others = mailsOfClone(clone, (name) => !sampled.has(name) && !LEFT_OUT.test(name));
  return others.map(({ name, raw }) => ({
    source: OF_DOVECOT.test(name) ? 'dovecot tests' : owner,
    name,
    raw: masked(raw, known, `${salt} ${name}`),
  }));
});
const text = JSON.stringify({ about: ABOUT, sources, mails });
writeFileSync(new URL('../test/data/masked-mails.json.gz', import.meta.url), gzipSync(text, { level: 9 }));
console.log(`${mails.length} mails masked, ${mails.length + samples.length} with the samples`);
