import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config/schema";

/** How a provider gets into one account: the object store's or the compute project's section of the configuration. */
export type Credentials = StackConfig["objectStore"] | StackConfig["compute"];

/**
 * An explicit OpenStack provider. The object store and the compute side may be two clouds, hence two providers.
 * It signs in when a resource needs it (`delayedAuth`), so that a stack can be described without a network.
 */
export function openstackProvider(
  name: string,
  credentials: Credentials,
  opts?: pulumi.ResourceOptions,
): openstack.Provider {
  // useOctavia: without it the provider speaks to a legacy service, and warns about that at every run.
  return new openstack.Provider(name, { ...providerArgs(credentials), delayedAuth: true, useOctavia: true }, opts);
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
