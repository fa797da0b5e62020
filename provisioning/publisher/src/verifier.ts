import { createHash, type Hash } from "node:crypto";

/** A run of bytes in an object, with the MD5 it must have; without one only its length is known. */
export interface Slice {
  bytes: number;
  md5?: string;
}

/** Checks the bytes of an object as they pass: a plain object is one slice, a large object one for each segment. */
export class Verifier {
  private readonly slices: Iterator<Slice>;
  private slice: Slice | undefined;
  private left = 0;
  private hash: Hash = createHash("md5");
  private good = true;

  constructor(slices: Slice[]) {
    this.slices = slices[Symbol.iterator]();
    this.next();
  }

  update(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && this.good) {
      if (this.slice === undefined) {
        this.good = false;
        return;
      }
      const part = rest.subarray(0, this.left);
      this.hash.update(part);
      this.left -= part.length;
      rest = rest.subarray(part.length);
      if (this.left === 0) this.next();
    }
  }

  /** Whether all bytes came, and all were right. */
  finish(): boolean {
    return this.good && this.slice === undefined;
  }

  /** Closes the slice that is complete, and passes over empty ones. */
  private next(): void {
    do {
      if (this.slice?.md5 !== undefined && this.hash.digest("hex") !== this.slice.md5) this.good = false;
      const { done, value } = this.slices.next();
      this.slice = done ? undefined : value;
      this.left = this.slice?.bytes ?? 0;
      this.hash = createHash("md5");
    } while (this.slice !== undefined && this.left === 0);
  }
}
