/** The policy pack: a program that Pulumi's engine starts at each preview and update, and asks about every resource. */
import { PolicyPack } from "@pulumi/policy";
import { policyOf } from "./policy";
import { rules } from "./rules";

new PolicyPack("xwmooc", { enforcementLevel: "mandatory", policies: rules().map(policyOf) });
