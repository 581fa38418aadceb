// The fields of a delivery status notification in their groups (RFC 3464 §2.1): one about the message, one for each recipient,
// with a blank line between. Some systems leave the blank line out, or the first group: then the fields themselves tell.

/** Names in lower case, values unfolded; of each the first. */
export type Fields = Readonly<Record<string, string>>;

/** Every group that names a recipient has one of these; a group of the message has none. */
const NAMING = ['original-recipient', 'final-recipient'];
const OF_RECIPIENT = new Set([...NAMING, 'action', 'status', 'remote-mta', 'diagnostic-code', 'last-attempt-date']);

/**
 * Splits the fields of a report (`message/delivery-status`). A group that names no recipient is of the message; the first of them counts.
 */
export function fieldGroups(text: string): { readonly message: Fields; readonly recipients: readonly Fields[] } {
  const groups = unfolded(text)
    .split(/\n[ \t]*\n/)
    .flatMap(splitGroup);
  const recipients = groups.filter((fields) => NAMING.some((name) => name in fields));
  return { message: groups.find((fields) => !recipients.includes(fields)) ?? {}, recipients };
}

/** The headers at the beginning of a message. */
export function headersOf(text: string): Fields {
  const [block = ''] = unfolded(text)
    .trimStart()
    .split(/\n[ \t]*\n/, 1);
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of fieldsIn(block)) fields[name] ??= value;
  return fields;
}

/** A block without a blank line: one group, unless a field begins what must be the next. */
function splitGroup(block: string): readonly Fields[] {
  const groups: Record<string, string>[] = [];
  let current: Record<string, string> | undefined;
  for (const [name, value] of fieldsIn(block)) {
    if (current === undefined || beginsGroup(name, current)) {
      current = Object.create(null) as Record<string, string>;
      groups.push(current);
    }
    current[name] ??= value;
  }
  return groups;
}

function beginsGroup(name: string, group: Fields): boolean {
  if (!OF_RECIPIENT.has(name)) return false;
  const isOfRecipient = Object.keys(group).some((one) => OF_RECIPIENT.has(one));
  if (!isOfRecipient) return true;
  // The second of a kind is about somebody else; so is an original recipient after a whole group that has none.
  return name in group || (NAMING.includes(name) && 'final-recipient' in group && 'status' in group);
}

function unfolded(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/\n[ \t]+(?=\S)/g, ' ');
}

function* fieldsIn(block: string): Iterable<readonly [name: string, value: string]> {
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) yield [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
  }
}
