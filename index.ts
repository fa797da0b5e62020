import * as pulumi from "@pulumi/pulumi";
import { Datacenter } from "./components/datacenter";
import { loadConfig } from "./config/load";
import { PreflightError, preflight } from "./preflight/preflight";

export = async () => {
  const config = loadConfig();
  try {
    await preflight(config);
  } catch (error) {
    if (error instanceof PreflightError) throw new pulumi.RunError(error.message);
    throw error;
  }
  return new Datacenter(config.region, config).outputs;
};
