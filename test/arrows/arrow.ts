// What a room may import: a row of the tables beside this file.

/** `room`: how the paths of its files begin; `may`: how those begin that they may import. */
export type Arrow = readonly [room: string, may: readonly string[]];
