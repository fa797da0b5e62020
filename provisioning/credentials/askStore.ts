// Asks the object store whether it takes the credentials: node ask-store.cjs CREDENTIALS.json
// Exit code 0: it does; 1: no valid answer; 2: it refuses them. Says why in one line, never with a key or a token.
import { readFileSync } from "node:fs";
import { signIn } from "../../swift/auth";
import type { SwiftCredentials } from "../../swift/credentials";
import { SwiftError } from "../../swift/errors";
import { HttpClient } from "../../swift/http";

const TIME_LIMIT_MS = 10_000;

const credentials = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as SwiftCredentials;
const http = new HttpClient(TIME_LIMIT_MS);
signIn(http, credentials)
  .catch((error: unknown) => {
    if (!(error instanceof SwiftError)) throw error;
    console.log(
      `the object store can't be used: ${error.message}; check the auth URL, the credentials and the network`,
    );
    process.exitCode = error.kind === "auth" ? 2 : 1;
  })
  .finally(() => http.close());
