import { afterAll, beforeAll, describe } from "vitest";
import { whyNoContainers } from "../support/systemdContainer";
import { authorCases } from "./authorCases";
import { FaultHost, SLOWNESS } from "./faultHost";
import { hostFaults } from "./hostFaults";
import { mountFaults } from "./mountFaults";
import { answersToListings, answersToReads, rotatedKey, serversOfTheStore } from "./storeFaults";
import { tableOf } from "./times";

// Whatever fails: the site is served all along, nothing is lost, and it is published soon after the healing. On real
// components: Swift, FUSE, systemd, nginx. What follows goes through one server's life, one fault after the other.
const noContainers = whyNoContainers();
if (noContainers) console.warn(`faults are not tested: ${noContainers}`);
/** A boot may have to build the root file system first. */
const BOOT_MS = 10 * 60_000;
const CASE_MS = 2 * 60_000 * SLOWNESS;

/** Where faults befall a whole server, the course that is looked at is the first. */
const COURSES = ["pi", "py4inf", "sql", "web", "data", "network", "algorithms", "statistics", "linux"];
const PAGES = Object.fromEntries(
  Array.from({ length: 24 }, (_, i) => [`unit-${i % 4}/page-${i}.html`, `<p>page ${i}</p>\n`.repeat(1 + i * 20)]),
);

describe.skipIf(noContainers)("the fault matrix", { timeout: CASE_MS }, () => {
  let faults: FaultHost;
  const host = () => faults;

  beforeAll(async () => {
    faults = await FaultHost.boot(COURSES, { ...PAGES, "index.html": "<h1>edit 0000</h1>\n" });
  }, BOOT_MS);
  afterAll(async () => {
    if (faults === undefined) return;
    console.log(tableOf(faults.times));
    await faults.stop();
  }, CASE_MS);

  serversOfTheStore(host);
  answersToListings(host, COURSES.slice(1));
  answersToReads(host, COURSES.slice(1));
  rotatedKey(host);
  mountFaults(host);
  hostFaults(host);
  authorCases(host, { large: "sql", rapid: "web", again: "data", shrinking: "network", emptied: "algorithms" });
});
