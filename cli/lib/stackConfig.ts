import { MACHINE_CONFIG, readMachineConfig } from "../../config/machineConfig";
import { parseConfig } from "../../config/parse";
import type { StackConfig } from "../../config/schema";
import { readStackFile, stackFile } from "../../config/stackFile";
import { UserError } from "./errors";
import { ROOT } from "./paths";
import type { Stack } from "./stack";

/** One course as configured. */
export type Course = StackConfig["courses"][number];

/**
 * The configuration of a stack, parsed and completed exactly as the Pulumi program does it.
 * @param file where it is. Default: the stack's own file.
 * @throws ConfigError naming every problem; UserError when there is no such stack.
 */
export async function loadStackConfig(stack: Stack, file = stackFile(ROOT, stack.shortName)): Promise<StackConfig> {
  const config = await stack.config(file);
  const { [MACHINE_CONFIG]: machineConfig, ...rest } = config;
  return parseConfig({
    stack: stack.name,
    values: Object.fromEntries(Object.entries(rest).map(([key, entry]) => [key, entry.value])),
    isSecret: (key) => config[key]?.secret === true,
    file: readStackFile(file),
    overlay: machineConfig ? readMachineConfig(stack.name, machineConfig.value, ROOT) : {},
  });
}

/**
 * The course of that name.
 * @throws UserError naming the courses there are.
 */
export function findCourse(courses: readonly Course[], name: string): Course {
  const course = courses.find((one) => one.name === name);
  if (course) return course;
  throw new UserError(`There is no course "${name}". The courses are: ${courses.map((one) => one.name).join(", ")}.`);
}
