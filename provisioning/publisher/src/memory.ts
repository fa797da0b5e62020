/**
 * Frees what a large piece of work has left behind. Left to itself, V8 lets it grow to a multiple of what is in use, and counts what
 * lies outside of its heap even less. Does nothing unless Node runs with `--expose-gc`, as in the service's unit.
 */
export function collectGarbage(): void {
  (globalThis as { gc?: () => void }).gc?.();
}
