package main

import (
	"encoding/json"
	"testing"

	"xwmooc/toolchain/pulumi-resource-openstack/info"
)

// The schema is committed; test/toolchain-schema.test.ts compares it with the npm package. This holds it together with
// what the plugin really serves.
func TestSchemaIsUpToDate(t *testing.T) {
	var committed struct {
		Version              string
		Resources, Functions map[string]json.RawMessage
	}
	if err := json.Unmarshal(schema, &committed); err != nil {
		t.Fatal(err)
	}
	served := info.Provider()
	if len(served.Resources) != len(committed.Resources) || len(served.DataSources) != len(committed.Functions) {
		t.Error("schema.json is out of date: run `go generate`")
	}
	for name, resource := range served.Resources {
		if _, ok := committed.Resources[string(resource.Tok)]; !ok {
			t.Errorf("%s is not in schema.json as %s: run `go generate`", name, resource.Tok)
		}
	}
	for name, source := range served.DataSources {
		if _, ok := committed.Functions[string(source.Tok)]; !ok {
			t.Errorf("%s is not in schema.json as %s: run `go generate`", name, source.Tok)
		}
	}
}
