// `@pulumi/pulumi` for the bundle (build.cjs), without the Automation API: no program needs it, it brings npm's own code along, and
// takes half a second to load.
export * as asset from "@pulumi/pulumi/asset";
export * from "@pulumi/pulumi/config";
export * as dynamic from "@pulumi/pulumi/dynamic";
export * from "@pulumi/pulumi/errors";
export * from "@pulumi/pulumi/invoke";
export * as iterable from "@pulumi/pulumi/iterable";
export * as log from "@pulumi/pulumi/log";
export * from "@pulumi/pulumi/metadata";
export * from "@pulumi/pulumi/output";
export * as provider from "@pulumi/pulumi/provider";
export * from "@pulumi/pulumi/resource";
export * from "@pulumi/pulumi/stackReference";
export * from "@pulumi/pulumi/stash";
export * as utils from "@pulumi/pulumi/utils";
export * as runtime from "./runtime";
