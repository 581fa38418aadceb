// The header fields of a mail as they were written (RFC 5322 §2.2): names as they stand, values unfolded, in their order. Octets that are
// no UTF-8 (RFC 6532) are read as Windows-1252, which is what mailers that declare nothing mean.

export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

const FIELD = /^([!-9;-~]{1,200})[ \t]*:(.*)$/s;

/** Lines that are no field are left out. Empty: there is no header. */
export function headerFields(block: Uint8Array): readonly HeaderField[] {
  const unfolded: string[] = [];
  for (const line of headerText(block).split(/\r?\n/)) {
    const isFolded = line.startsWith(' ') || line.startsWith('\t');
    if (isFolded && unfolded.length > 0) unfolded.push(`${unfolded.pop()}${line}`);
    else if (line !== '') unfolded.push(line);
  }
  return unfolded.flatMap((line) => {
    const [, name, value = ''] = FIELD.exec(line) ?? [];
    return name === undefined ? [] : [{ name, value: value.trim() }];
  });
}

/** The value of the first field of that name. `name`: in lower case. */
export function firstField(fields: readonly HeaderField[], name: string): string | undefined {
  return fields.find((field) => field.name.toLowerCase() === name)?.value;
}

function headerText(block: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(block);
  } catch {
    // Not UTF-8: the decoder says so by throwing.
    return new TextDecoder('windows-1252').decode(block);
  }
}
