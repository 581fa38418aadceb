// Takes passwords and tokens out of what a server says. Some servers quote the command that they refuse, whole or cut short, and the
// base64 of a login is the password. Each run of eight characters or more of a secret, in any case, is hidden; a shorter part that is
// quoted alone is not noticed. The answers of mail servers and of engines of claims are read through this file.

const RUN_CHARACTERS = 8;
/** Shorter runs are parts of too many ordinary words. */
const SECRET_CHARACTERS_MIN = 3;
const HIDDEN = '[secret]';

export class SpokenSecrets {
  /** Every run of that length of what is hidden. */
  readonly #runs = new Set<string>();
  /** What is hidden and is shorter than a run. */
  readonly #short = new Set<string>();

  /** A password or token, as a user shows it: as it is, as URLs and JSON write it, and in the base64 of the ways to log in (RFC 4616, RFC 4954, XOAUTH2). */
  hide(user: string, secret: string): void {
    for (const spelling of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
      this.#add(spelling);
    const logins = [
      `\0${user}\0${secret}`,
      `${user}\0${user}\0${secret}`,
      `user=${user}\x01auth=Bearer ${secret}\x01\x01`,
    ];
    for (const text of [...logins, secret]) this.#add(base64Of(text));
    // In whatever else it stands: its own octets begin at one of three places of the base64.
    for (const before of ['x', 'xx']) this.#add(base64Of(before + secret).slice(before.length + 1));
  }

  scrub(text: string): string {
    if (this.#runs.size === 0 && this.#short.size === 0) return text;
    const folded = foldedAscii(text);
    let scrubbed = '';
    let shown = 0;
    for (let at = 0; at < text.length; ) {
      let end = this.#runs.has(folded.slice(at, at + RUN_CHARACTERS)) ? at + RUN_CHARACTERS : at;
      for (const short of this.#short) if (folded.startsWith(short, at)) end = Math.max(end, at + short.length);
      while (end > at && this.#runs.has(folded.slice(end - RUN_CHARACTERS + 1, end + 1))) end += 1;
      if (end === at) at += 1;
      else {
        scrubbed += text.slice(shown, at) + HIDDEN;
        at = end;
        shown = end;
      }
    }
    return scrubbed + text.slice(shown);
  }

  #add(text: string): void {
    const folded = foldedAscii(text);
    if (folded.length < RUN_CHARACTERS) {
      if (folded.length >= SECRET_CHARACTERS_MIN) this.#short.add(folded);
      return;
    }
    for (let at = 0; at + RUN_CHARACTERS <= folded.length; at += 1)
      this.#runs.add(folded.slice(at, at + RUN_CHARACTERS));
  }
}

/** The text with ASCII letters in lower case, as long as before: letters beyond ASCII may become two, which would move every place behind them. */
function foldedAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Base64 without its padding: more octets after the secret would turn the padding into something else. */
function base64Of(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64').replace(/=+$/, '');
}
