// Mail that is from whom it says, by SPF and by a signature of DKIM, and the DNS in which that stands. What is signed is the same in all of them,
// so that nobody has to sign while something is measured; what checks them can't know that.
import { generateKeyPairSync } from 'node:crypto';
import nodemailer from 'nodemailer';

const DOMAIN = 'y.com';
const SELECTOR = 'bench';
const KEY_BITS = 2_048;
/** A Message-ID is not among them: it stands before the signed mail. */
const SIGNED_FIELDS = 'from:to:subject:mime-version:content-type';

export interface AuthenticMails {
  /** Texts of the DNS by their names. */
  readonly zone: ReadonlyMap<string, readonly string[]>;
  /** A mail from `jane@y.com`. `name`: what stands in its Message-ID before `@y.com`. */
  readonly mailOf: (name: string) => string;
}

/** `bodyBytes`: octets of the body of each. */
export async function authenticMails(bodyBytes: number): Promise<AuthenticMails> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS });
  const published = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const line = 'words and words\r\n';
  const composer = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message } = await composer.sendMail({
    ...{ from: `jane@${DOMAIN}`, to: 'agents@example.com', subject: 'Words' },
    text: line.repeat(bodyBytes / line.length),
    dkim: {
      ...{ domainName: DOMAIN, keySelector: SELECTOR, headerFieldNames: SIGNED_FIELDS },
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  });
  const signed = String(message).replace(/^Message-ID: .*\r\n/im, '');
  return {
    zone: new Map([
      [DOMAIN, ['v=spf1 ip4:127.0.0.1 -all']],
      [`_dmarc.${DOMAIN}`, ['v=DMARC1; p=none']],
      [`${SELECTOR}._domainkey.${DOMAIN}`, [`v=DKIM1; k=rsa; p=${published}`]],
    ]),
    mailOf: (name) => `Message-ID: <${name}@${DOMAIN}>\r\n${signed}`,
  };
}
