// Types of attachments. What a file is sent as follows from its name when nobody says it.
import { detectMimeType } from 'nodemailer/lib/mime-funcs';

/**
 * Whether it is one of the types whose octets are parts of the message's own structure: they may not be encoded (RFC 2045 §6.4),
 * and what can't be encoded does not arrive as it was given.
 */
export function isStructured(contentType: string): boolean {
  return /^(?:multipart|message)\//i.test(contentType);
}

/** By the ending of the name; a type whose octets are safe in base64. */
export function typeOfFile(filename: string): string {
  const type = detectMimeType(filename);
  return isStructured(type) ? 'application/octet-stream' : type;
}
