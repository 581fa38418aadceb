// Octets of a text, as text. Mail names its character sets as it likes; Node knows those of the WHATWG Encoding Standard. What it does not
// know, and what is declared as ASCII and is not, is read as UTF-8 where that fits and as Windows-1252 where it does not.

/** Names that mail uses and the standard does not list. */
const ALIASES: Readonly<Record<string, string>> = {
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  'iso-2022-jp-2': 'iso-2022-jp',
  ks_c_5601: 'euc-kr',
  'tis-620': 'windows-874',
  uhc: 'euc-kr',
  'windows-936': 'gbk',
};
const ASCII = ['ascii', 'us-ascii', 'ansi_x3.4-1968', 'iso-8859-1', 'latin1', ''];
const LABEL_CHARACTERS_MAX = 40;

/** `charset`: as it is declared. Never throws. */
export function decodedText(octets: Uint8Array, charset: string | undefined): string {
  const label = (charset ?? '').trim().toLowerCase().slice(0, LABEL_CHARACTERS_MAX);
  const declared = ASCII.includes(label) ? undefined : decoderOf(ALIASES[label] ?? label);
  if (declared !== undefined) return declared.decode(octets);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    // Not UTF-8: the decoder says so by throwing.
    return new TextDecoder('windows-1252').decode(octets);
  }
}

function decoderOf(label: string): InstanceType<typeof TextDecoder> | undefined {
  try {
    return new TextDecoder(label);
  } catch {
    // No encoding of that name.
    return undefined;
  }
}
