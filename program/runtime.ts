// `@pulumi/pulumi/runtime` for the bundle (sdk.ts), without what serializes functions: it brings TypeScript's compiler and npm's
// own code along.
export * from "@pulumi/pulumi/runtime/config";
export * from "@pulumi/pulumi/runtime/invoke";
export * from "@pulumi/pulumi/runtime/mocks";
export * from "@pulumi/pulumi/runtime/resource";
export * from "@pulumi/pulumi/runtime/rpc";
export * from "@pulumi/pulumi/runtime/settings";
export * from "@pulumi/pulumi/runtime/stack";
