// Headers that a caller may set itself. An allow-list: a header that this module, the server or a reader of mail acts on can't be
// set from outside, whatever it will be called next year.
import { MeshError } from '../../../mesh/errors.ts';
import { refuseLineBreaks } from '../header-text.ts';
import { HEADER_VALUE_CHARACTERS_MAX } from '../limits.ts';

/** Headers that a request sets itself. */
const HEADERS_MAX = 30;

const ALLOWED: readonly string[] = [
  'Auto-Submitted',
  'Comments',
  'Content-Language',
  'Importance',
  'Keywords',
  'List-Archive',
  'List-Help',
  'List-Id',
  'List-Owner',
  'List-Post',
  'List-Subscribe',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'Organization',
  'Precedence',
  'Priority',
];
const BY_NAME = new Map(ALLOWED.map((name) => [name.toLowerCase(), name]));
/** RFC 5322 §3.6.8, of the printable ASCII that all servers take. */
const EXTENSION = /^X-[A-Za-z0-9][A-Za-z0-9-]{0,60}$/i;
/** Extensions that software acts on as if they were the real ones. */
const REFUSED_EXTENSIONS =
  /^X-(?:Envelope|Original|Forwarded|Sender|Return|MailFrom|Rcpt|Google|MS-Exchange|Spam|Virus)/i;

/** Those of the node itself (node/mailbox): nobody whom such a mail reaches here would be shown it. */
const OF_NODE = /^X-Mesh-/i;

/** Throws `invalid_request` naming the header (`headers.X-Foo`). */
export function parseHeaders(headers: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  const entries = Object.entries(headers);
  if (entries.length > HEADERS_MAX)
    throw new MeshError(
      'invalid_request',
      `'headers' has ${entries.length} headers; at most ${HEADERS_MAX} may be set.`,
      {
        field: 'headers',
      },
    );
  const seen = new Set<string>();
  return entries.map(([name, value]) => {
    const field = `headers.${name.slice(0, 80)}`;
    refuseLineBreaks(name, 'headers');
    const known = BY_NAME.get(name.toLowerCase());
    const isExtension = EXTENSION.test(name) && !REFUSED_EXTENSIONS.test(name) && !OF_NODE.test(name);
    if (known === undefined && !isExtension) throw refusal(name, field);
    if (seen.has(name.toLowerCase()))
      throw new MeshError('invalid_request', `'${field}' is given twice, in different cases.`, { field });
    seen.add(name.toLowerCase());
    refuseLineBreaks(value, field);
    if (value.length > HEADER_VALUE_CHARACTERS_MAX)
      throw new MeshError(
        'invalid_request',
        `'${field}' has ${value.length} characters; a header has at most ${HEADER_VALUE_CHARACTERS_MAX}.`,
        { field },
      );
    return [known ?? name, value] as const;
  });
}

function refusal(name: string, field: string): MeshError {
  if (OF_NODE.test(name)) {
    const ownName = `'${field}' can't be set: headers X-Mesh-… are the node's own. Call it otherwise, like X-Task-Id.`;
    return new MeshError('invalid_request', ownName, { field });
  }
  const message = `The header '${name.slice(0, 80)}' can't be set. What can: ${ALLOWED.join(', ')} and X-… of letters, digits and hyphens; recipients, subject and threading have fields of their own.`;
  return new MeshError('invalid_request', message, { field });
}
