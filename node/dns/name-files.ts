// The two files by which a Unix machine resolves names before and around DNS: hosts(5), and of resolv.conf(5) the search list. Both are
// read again when they change, as getaddrinfo does: a laptop gets new servers with each network.
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '../../mesh/ports.ts';

export interface NameRules {
  /** Addresses by name, in lower case. */
  readonly listed: ReadonlyMap<string, readonly string[]>;
  /** Domains that are tried behind a name. */
  readonly search: readonly string[];
  /** A name with as many dots or more is first tried as it stands. */
  readonly dotsMin: number;
}

/** How old the knowledge of a file may be. */
const LOOK_AGAIN_MS = 1_000;
/** resolv.conf(5). */
const DOTS_MIN = 1;
const DOTS_MIN_MOST = 15;

export class NameFiles {
  readonly #hostsFile: string;
  readonly #resolvFile: string;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #rules: NameRules = rulesOf('', '');
  #state = '';
  #lookedMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<NameRules> | undefined;

  constructor(clock: Pick<Clock, 'monotonicMs'>, hostsFile = '/etc/hosts', resolvFile = '/etc/resolv.conf') {
    this.#clock = clock;
    this.#hostsFile = hostsFile;
    this.#resolvFile = resolvFile;
  }

  /** What the files say now; one object as long as nothing changed. */
  async read(): Promise<NameRules> {
    if (this.#clock.monotonicMs() - this.#lookedMs < LOOK_AGAIN_MS) return this.#rules;
    this.#reading ??= this.#look().finally(() => {
      this.#reading = undefined;
    });
    return await this.#reading;
  }

  async #look(): Promise<NameRules> {
    const files = [this.#hostsFile, this.#resolvFile];
    const state = (await Promise.all(files.map(stateOf))).join();
    if (state !== this.#state) {
      const [hosts = '', resolv = ''] = await Promise.all(files.map(textOf));
      this.#rules = rulesOf(hosts, resolv);
      this.#state = state;
    }
    this.#lookedMs = this.#clock.monotonicMs();
    return this.#rules;
  }
}

/** The names to ask DNS for, in their order, when somebody means `name`. */
export function questionsFor(name: string, { search, dotsMin }: NameRules): readonly string[] {
  if (name.endsWith('.')) return [name];
  const longer = search.map((domain) => `${name}.${domain}`);
  return name.split('.').length > dotsMin ? [name, ...longer] : [...longer, name];
}

function rulesOf(hosts: string, resolv: string): NameRules {
  const listed = new Map<string, string[]>();
  for (const [address = '', ...names] of wordsOf(hosts)) {
    if (isIP(address) === 0) continue;
    for (const name of names.map((word) => word.toLowerCase())) {
      const known = listed.get(name);
      if (known === undefined) listed.set(name, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  let search: readonly string[] = [];
  let dotsMin = DOTS_MIN;
  for (const [keyword, ...values] of wordsOf(resolv)) {
    // The last of both counts.
    if (keyword === 'search' || keyword === 'domain')
      search = values.map(withoutEnds).filter((domain) => domain !== '');
    if (keyword !== 'options') continue;
    const dots = values.map((value) => /^ndots:(\d+)$/.exec(value)?.[1]).find((found) => found !== undefined);
    if (dots !== undefined) dotsMin = Math.min(Number(dots), DOTS_MIN_MOST);
  }
  return { listed, search, dotsMin };
}

function wordsOf(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n').map((line) => line.replace(/[#;].*/, '').trim());
  return lines.filter((line) => line !== '').map((line) => line.split(/\s+/));
}

function withoutEnds(domain: string): string {
  return domain.replace(/^\.+|\.+$/g, '');
}

async function stateOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    // No such file, or none that may be read: then it says nothing.
    return 'none';
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    // The file is missing or must not be read, and so says nothing.
    return '';
  }
}
