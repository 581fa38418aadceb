// A directory with a file for each mail, as mail programs and servers read it: Maildir, with folders of Maildir++ for what was sent, for what is in
// quarantine and in the trash. A mail is written whole before it has its name.

import { mkdir, open, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type MboxMail, separatorTime } from '../mailbox/mbox.ts';

const PARTS = ['cur', 'new', 'tmp'];
/** The folder of a label, the first that fits. */
const FOLDERS: readonly (readonly [label: string, folder: string])[] = [
  ['trash', '.Trash'],
  ['spam', '.Junk'],
  ['blocked', '.Junk'],
  ['unauthenticated', '.Junk'],
  ['sent', '.Sent'],
];

export class MaildirWriter {
  readonly #path: string;
  readonly #made = new Set<string>();
  #mails = 0;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Makes the directory. Rejects when there is one. */
  static async make(path: string): Promise<MaildirWriter> {
    await mkdir(path, { mode: 0o700 });
    const writer = new MaildirWriter(path);
    await writer.#make('');
    return writer;
  }

  get mails(): number {
    return this.#mails;
  }

  /** Lines end in LF there. */
  async add({ separator, octets }: Pick<MboxMail, 'separator' | 'octets'>): Promise<void> {
    const labels = labelsOf(octets);
    const folder = FOLDERS.find(([label]) => labels.has(label))?.[1] ?? '';
    await this.#make(folder);
    this.#mails += 1;
    const lines = Buffer.from(octets.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
    const seconds = Math.floor((separatorTime(separator) ?? 0) / 1_000);
    const name = `${seconds}.M${this.#mails}.${hostname().replaceAll(/[/:]/g, '_')},S=${lines.length}`;
    const draft = join(this.#path, folder, 'tmp', name);
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(lines);
    } finally {
      await file.close();
    }
    await rename(draft, join(this.#path, folder, 'cur', `${name}:2,${flagsOf(labels)}`));
  }

  async #make(folder: string): Promise<void> {
    if (this.#made.has(folder)) return;
    this.#made.add(folder);
    for (const part of PARTS) await mkdir(join(this.#path, folder, part), { recursive: true, mode: 0o700 });
  }
}

/** In alphabetical order, as readers expect them. */
function flagsOf(labels: ReadonlySet<string>): string {
  return [...(labels.has('unread') ? [] : ['S']), ...(labels.has('trash') ? ['T'] : [])].join('');
}

/** Labels that the node has written in front of the mail. */
function labelsOf(octets: Buffer): ReadonlySet<string> {
  const head = octets.subarray(0, Math.max(0, octets.indexOf('\r\n\r\n'))).toString('latin1');
  const field = /^X-Mesh-Labels:((?:[^\r\n]|\r\n[ \t])*)/im.exec(head)?.[1] ?? '';
  return new Set(field.split(',').map((label) => label.trim()));
}
