import { Datacenter } from "./components/datacenter";
import { loadConfig } from "./config/load";

const config = loadConfig();

export = new Datacenter(config.region, config).outputs;
