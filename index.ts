import { setImmediate } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { Datacenter } from "./components/datacenter";
import { declareProviders } from "./components/providers";
import { loadConfig } from "./config/load";
import { ConfigError } from "./config/parse";
import { PreflightError, preflight } from "./preflight/preflight";

/** Tells Pulumi's language host that the program has said by itself what is wrong. */
const SAID_WHAT_IS_WRONG = 32;

export = async () => {
  try {
    const config = loadConfig();
    const providers = declareProviders(config.region, config);
    const clouds = preflight(config);
    // What waits for refused answers must not fail by itself: the program ends with the reason below.
    const found = clouds.catch(() => new Promise<never>(() => {}));
    // Pulumi begins with the providers.
    await setImmediate();
    // A preview touches nothing, and need not wait.
    const gate = pulumi.runtime.isDryRun() ? {} : { dependsOn: found.then(() => []) };
    const { outputs } = new Datacenter(config.region, config, providers, found, gate);
    await clouds;
    return outputs;
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof PreflightError)) throw error;
    // Not thrown: Pulumi would inspect a rejected program for the better part of a minute before it printed the message.
    await pulumi.log.error(error.message);
    return process.exit(SAID_WHAT_IS_WRONG);
  }
};
