// The mails that a mailbox is tried with: those that this repository holds, and those of clones of public suites, which it may not hold as they are.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const SAMPLES = new URL('../../test/data/mails.json', import.meta.url);
const MASKED = new URL('../../test/data/masked-mails.json.gz', import.meta.url);
const CLONE_OCTETS_MAX = 64 * 2 ** 20;

export interface NamedMail {
  readonly source: string;
  readonly name: string;
  /** Octets as characters of ISO 8859-1. */
  readonly raw: string;
}

/** Mails that were looked through, whose words are their own but for what told of a person. */
export function sampledMails(): readonly NamedMail[] {
  return JSON.parse(readFileSync(SAMPLES, 'utf8')).mails;
}

/** Mails of which only the make is as it was: see masked-mail.ts. */
export function maskedMails(): readonly NamedMail[] {
  return JSON.parse(gunzipSync(readFileSync(MASKED)).toString()).mails;
}

/** The mails of a clone, as its last commit has them. */
export function mailsOfClone(
  directory: string,
  isWanted: (name: string) => boolean = () => true,
): readonly NamedMail[] {
  const names = git(directory, 'ls-tree', '-r', '-z', '--name-only', 'HEAD').toString().split('\0');
  return names
    .filter((name) => name.endsWith('.eml') && isWanted(name))
    .map((name) => ({ source: directory, name, raw: fileOfClone(directory, name).toString('latin1') }));
}

export function fileOfClone(directory: string, name: string): Buffer {
  return git(directory, 'show', `HEAD:${name}`);
}

function git(directory: string, ...args: readonly string[]): Buffer {
  return execFileSync('git', ['-C', directory, ...args], { maxBuffer: CLONE_OCTETS_MAX });
}

/** The octets of a mail as a mail server hands it over: each line ends in CRLF (RFC 5321 §2.3.8). */
export function octetsOf({ raw }: NamedMail): Buffer {
  return Buffer.from(`${raw.replace(/\r?\n/g, '\r\n').replace(/(?:\r\n)*$/, '')}\r\n`, 'latin1');
}
