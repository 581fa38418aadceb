// Why a text is not an address: a code for programs and a sentence for people. Parsing expects to fail, so a fault is a value
// and never thrown. The sentences are those of python-email-validator, word for word, wherever its tests name them.
// A code says what kind of rule was broken; it does not promise to tell every sentence apart.

export type AddressErrorCode =
  | 'text_too_long'
  | 'no_at_sign'
  | 'lookalike_at_sign'
  | 'after_closing_quote'
  | 'angle_brackets'
  | 'display_name_characters'
  | 'display_name_not_allowed'
  | 'unsafe_characters'
  | 'empty_local_part'
  | 'local_part_characters'
  | 'local_part_dots'
  | 'local_part_too_long'
  | 'quoted_local_part_not_allowed'
  | 'smtputf8_not_allowed'
  | 'empty_domain'
  | 'domain_characters'
  | 'domain_dots'
  | 'domain_hyphens'
  | 'label_too_long'
  | 'domain_too_long'
  | 'idna'
  | 'single_label'
  | 'top_level_domain'
  | 'special_use_domain'
  | 'domain_literal'
  | 'domain_literal_not_allowed'
  | 'address_too_long';

export interface AddressFault {
  readonly valid: false;
  /** A sentence, in English, that names the characters or the part in question. Holds no unprintable character. */
  readonly error: string;
  readonly code: AddressErrorCode;
}

export function fault(code: AddressErrorCode, error: string): AddressFault {
  return { valid: false, error, code };
}
