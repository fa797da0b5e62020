import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // The default leaves one processor free; these tests wait most of the time.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "fast",
          include: ["**/*.test.ts"],
          exclude: ["node_modules/**", ".cache/**", ".state/**", "test/e2e/**"],
          testTimeout: 30_000,
        },
      },
      {
        // One chain on one real cloud: each file goes on where the one before it stopped.
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          fileParallelism: false,
          sequence: { concurrent: false },
          bail: 1,
          testTimeout: 15 * 60_000,
          hookTimeout: 15 * 60_000,
        },
      },
    ],
  },
});
