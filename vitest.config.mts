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
          exclude: [
            "node_modules/**",
            ".cache/**",
            ".state/**",
            "test/e2e/**",
            "test/faults/**",
            "test/gateway/**",
            "test/authors/**",
            "test/browser/**",
            "test/servers/**",
            "test/runbook/**",
          ],
          testTimeout: 30_000,
        },
      },
      {
        // One server for a whole file: its faults come one after the other.
        test: {
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 2 * 60_000,
        },
      },
      {
        test: {
          name: "gateway",
          include: ["test/gateway/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "authors",
          include: ["test/authors/**/*.test.ts"],
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "servers",
          include: ["test/servers/**/*.test.ts"],
          bail: 1,
          // Two emulated servers beside each other, under visitors.
          testTimeout: 75 * 60_000,
          hookTimeout: 40 * 60_000,
        },
      },
      {
        test: {
          name: "runbook",
          include: ["test/runbook/**/*.test.ts"],
          bail: 1,
          testTimeout: 30 * 60_000,
          hookTimeout: 30 * 60_000,
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
