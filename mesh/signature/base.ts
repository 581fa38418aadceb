// The signature base (RFC 9421 section 2.5): the octets that are signed, one line per covered component, the parameters last.
// It takes component values as they are: whoever calls has made sure that none holds a line break.

/** A component identifier as it is serialised (`"@method"`), and its value. */
export type Component = readonly [identifier: string, value: string];

/** `params`: the serialised inner list with its parameters, as it stands in Signature-Input behind the label. */
export function signatureBase(components: readonly Component[], params: string): Uint8Array {
  let text = '';
  for (const [identifier, value] of components) text += `${identifier}: ${value}\n`;
  return Buffer.from(`${text}"@signature-params": ${params}`, 'latin1');
}

/** The inner list of these components, without parameters. */
export function coverageOf(identifiers: readonly string[]): string {
  return `(${identifiers.join(' ')})`;
}
