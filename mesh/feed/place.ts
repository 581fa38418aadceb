// Where an own entry stands in its host's log. A log id is made with the store and with every new one, so a place never means two entries,
// also after a lost disk; a copied or restored store can have two entries at one place, which their chains tell apart (chain.ts).

/** 32 hexadecimal digits. */
export type LogId = string;

export interface Place {
  readonly logId: LogId;
  /** 1, 2, 3, … without a gap over the host's own entries; 0 is before the first. */
  readonly n: number;
}
