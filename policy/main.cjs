#!/usr/bin/env node
// What Pulumi's engine starts as the policy pack, before all else: pack.ts as one file.
const { load } = require("../program/load.cjs");
const { buildPolicyPack } = require("./build.cjs");

buildPolicyPack().then(load);
