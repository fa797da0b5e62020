/** What `@pulumi/policy` uses of `@pulumi/pulumi`; stands for it in the pack (see build.ts). */
export * as asset from "@pulumi/pulumi/asset";
export { Output } from "@pulumi/pulumi/output";
