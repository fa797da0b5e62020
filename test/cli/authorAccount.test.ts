import { expect, it } from "vitest";
import { hashPassword, newPassword } from "../../cli/lib/authorAccount";

it("a new password is long, easy to copy, and another one each time", () => {
  const passwords = Array.from({ length: 100 }, newPassword);
  for (const password of passwords) expect(password).toMatch(/^([a-km-z2-9]{5}-){3}[a-km-z2-9]{5}$/);
  expect(new Set(passwords).size).toBe(100);
});

// Computed by Passlib: scrypt.using(salt=b"salt" * 4, rounds=15, block_size=8).hash("pass word")
it("a password's hash is the one that Passlib makes", () => {
  expect(hashPassword("pass word", Buffer.from("saltsaltsaltsalt"))).toBe(
    "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$MXT99GxXzY1/LUaxFzjuFM8KMlz6QKuDFUnEF12s8FQ",
  );
});
