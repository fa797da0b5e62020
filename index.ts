import * as pulumi from "@pulumi/pulumi";
import { Datacenter } from "./components/datacenter";
import { loadConfig } from "./config/load";
import { ConfigError } from "./config/parse";
import { PreflightError, preflight } from "./preflight/preflight";

/** Tells Pulumi's language host that the program has said by itself what is wrong. */
const SAID_WHAT_IS_WRONG = 32;

export = async () => {
  try {
    const config = loadConfig();
    await preflight(config);
    return new Datacenter(config.region, config).outputs;
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof PreflightError)) throw error;
    // Not thrown: Pulumi would inspect a rejected program for the better part of a minute before it printed the message.
    await pulumi.log.error(error.message);
    return process.exit(SAID_WHAT_IS_WRONG);
  }
};
