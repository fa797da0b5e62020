import type { z } from "zod";
import type { StackConfig } from "./schema";

type Store = StackConfig["objectStore"];

/** The part of a stack's configuration that a mirror must fit to. */
interface Surroundings extends Pick<StackConfig, "objectStore" | "courses"> {
  mirror: NonNullable<StackConfig["mirror"]>;
  uploadGateway?: unknown;
}

/** Adds what is wrong between the mirror's keys and others. */
export function checkMirror(
  { mirror, objectStore, courses, uploadGateway }: Surroundings,
  context: z.core.$RefinementCtx,
) {
  const issue = (path: PropertyKey[], message: string) => context.addIssue({ code: "custom", path, message });
  if (accountOf(mirror.from) === accountOf(objectStore))
    issue(["mirror", "from"], "is the account of objectStore: give the one of the region where authors upload");
  if (uploadGateway !== undefined)
    issue(
      ["uploadGateway"],
      "and mirror exclude each other: what authors upload here would be taken away again; they upload in the region that mirror.from names",
    );
  const known = courses.map(({ name }) => name);
  for (const unknown of Object.keys(mirror.containers).filter((name) => !known.includes(name)))
    issue(["mirror", "containers"], `has no course "${unknown}": the courses are ${known.join(", ")}`);
}

/** Names the Swift account, as far as a configuration tells. */
function accountOf(store: Store): string {
  const url = new URL(store.authUrl);
  const cloud = `${url.host}${url.pathname.replace(/\/$/, "")}`;
  switch (store.authType) {
    case "v1password":
      return `${cloud} ${store.username.split(":", 1)[0]}`;
    case "v3password":
      return `${cloud} ${store.region} ${store.projectDomain} ${store.project}`;
    case "v3applicationcredential":
      return `${cloud} ${store.region} ${store.applicationCredentialId}`;
  }
}
