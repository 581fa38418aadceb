// What a node says of itself: events with fields, logged once, where the thing is decided. No secret, no body.
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  /** `event` is `noun.participle`, e.g. `delivery.attempted`; fields carry the rest, units last in their names. */
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
