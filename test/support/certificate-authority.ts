// An authority of a test's own, which gives out certificates for `localhost`, valid or past, as openssl makes them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export interface Certified {
  readonly key: Buffer;
  readonly cert: Buffer;
}

export class CertificateAuthority {
  readonly #directory: string;
  /** The file that a client trusts. */
  readonly file: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.file = this.#path('authority.pem');
    const out = ['-keyout', this.#path('authority.key'), '-out', this.file];
    openssl(['req', '-x509', ...KEY, ...out, '-subj', '/CN=authority', '-days', '2']);
  }

  /** `daysLeft` below 0: it has expired. */
  certify(daysLeft: number): Certified {
    const [key, request, cert] = ['server.key', 'server.csr', 'server.pem'].map((name) => this.#path(name)) as [
      string,
      string,
      string,
    ];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    openssl(['req', ...KEY, '-keyout', key, '-out', request, ...subject]);
    const by = ['-CA', this.file, '-CAkey', this.#path('authority.key'), '-copy_extensions', 'copy'];
    openssl(['x509', '-req', '-in', request, ...by, '-days', String(daysLeft), '-out', cert]);
    return { key: readFileSync(key), cert: readFileSync(cert) };
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

function openssl(words: readonly string[]): void {
  execFileSync('openssl', words, { stdio: 'ignore' });
}
