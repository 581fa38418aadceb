// The flags of V8 that every process of the program runs with. mesh.js, which an older Node has to read too, names them a second time, and the
// first line of main.ts a third.

/** A small young generation, or ten large attachments at once leave 100 MB of garbage behind. */
const SMALL_YOUNG_GENERATION = '--max-semi-space-size=8';
/**
 * V8 13.6 makes a wrapper of its own for a function that WebAssembly often calls, and shares it between threads. Where one thread ends while
 * another makes the same, it is freed twice, and the process ends with SIGSEGV. Node strips types by WebAssembly, in every thread. So no function
 * is ever called often enough, and all are called by the one general wrapper.
 */
export const GENERAL_WASM_WRAPPERS = '--wasm-wrapper-tiering-budget=2147483647';

export const V8_FLAGS: readonly string[] = [SMALL_YOUNG_GENERATION, GENERAL_WASM_WRAPPERS];
