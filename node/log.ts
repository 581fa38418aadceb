// What a node logs: events with fields, each logged once, by the code that decides. No secret, no body of a request.
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  /** `event` is `noun.participle`, e.g. `delivery.attempted`; fields carry the rest, units last in their names. */
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
