import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { stackSchema } from "../../config/schema";

it("every key of the schema is explained in docs/configuration.md", () => {
  const text = readFileSync(join(__dirname, "../../docs/configuration.md"), "utf8");
  for (const key of Object.keys(stackSchema.shape)) expect(text).toContain(`\`${key}`);
});
