// A mail that came in, taken apart as the intake does it.
import { type Structure, StructurePass } from '../../node/mailbox/intake/structure.ts';

/** Lines of a mail, ended by CRLF. */
export const mailOf = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`;

export async function structureOf(raw: string | Uint8Array, pieceBytes = 65_536): Promise<Structure> {
  const octets = Buffer.from(raw as string);
  const pass = new StructurePass();
  for (let at = 0; at < octets.length; at += pieceBytes) await pass.write(octets.subarray(at, at + pieceBytes));
  return pass.end();
}
