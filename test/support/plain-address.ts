// A parser of plain addresses, for tests in which the grammar of addresses is not the matter.
import type { ParseAddress } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, EmailAddress } from '../../mesh/names.ts';

export const parsePlainAddress: ParseAddress = (text) => {
  const address = text.trim().toLowerCase();
  if (address.length > 254 || !/^(?:"[^"]*"|[^@\s"]+)@[^@\s]+\.[^@\s]+$/.test(address)) return { valid: false };
  return { valid: true, address: address as EmailAddress, key: address as AddressKey };
};
