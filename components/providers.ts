import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/schema";

/** How a provider gets into one account: the object store's or the compute project's section of the configuration. */
export type Credentials = StackConfig["objectStore"] | StackConfig["compute"];

/** How a stack's resources get into its accounts. The object store and the compute side may be two clouds, hence two providers. */
export interface Providers {
  /** For containers. */
  objectStore: openstack.Provider;
  /** For all else. */
  compute: openstack.Provider;
}

/**
 * Declares the providers, which touches no cloud: they sign in when a resource needs it (`delayedAuth`).
 *
 * Pulumi starts their plugins one after the other, and does nothing else meanwhile: they come before all else.
 */
export function declareProviders(name: string, { objectStore, compute }: StackConfig): Providers {
  // Where they were once; a provider that is another one would have all its resources made anew.
  const formerParent = pulumi.createUrn(name, "xwmooc:datacenter:Datacenter");
  const opts = { aliases: [{ parent: formerParent }] };
  const provider = (role: string, credentials: Credentials) =>
    new openstack.Provider(`${name}-${role}`, { ...providerArgs(credentials), delayedAuth: true }, opts);
  return { objectStore: provider("object-store", objectStore), compute: provider("compute", compute) };
}

function providerArgs(credentials: Credentials): openstack.ProviderArgs {
  switch (credentials.authType) {
    case "v1password":
      return {
        swauth: true,
        // In swauth mode the Terraform provider adds /auth/v1.0 itself.
        authUrl: new URL(credentials.authUrl).origin,
        userName: credentials.username,
        password: pulumi.secret(credentials.apiKey),
      };
    case "v3password":
      return {
        authUrl: credentials.authUrl,
        region: credentials.region,
        tenantName: credentials.project,
        projectDomainName: credentials.projectDomain,
        userName: credentials.username,
        userDomainName: credentials.userDomain,
        password: pulumi.secret(credentials.password),
      };
    case "v3applicationcredential":
      return {
        authUrl: credentials.authUrl,
        region: credentials.region,
        applicationCredentialId: credentials.applicationCredentialId,
        applicationCredentialSecret: pulumi.secret(credentials.applicationCredentialSecret),
      };
  }
}
