import { expect, it } from "vitest";
import { fileZillaXml } from "../../cli/lib/fileZilla";

it("the file for FileZilla has each way in, and no password", () => {
  const xml = fileZillaXml([
    { name: "dev kim", protocol: "ftpes", host: "203.0.113.7", port: 21, user: "kim", course: "pi" },
    { name: "<&>", protocol: "sftp", host: "203.0.113.7", port: 2022, user: "lee" },
  ]);
  expect(xml).toContain("<Protocol>4</Protocol>");
  expect(xml).toContain("<RemoteDir>1 0 2 pi</RemoteDir>");
  expect(xml).toContain("<Protocol>1</Protocol>");
  expect(xml).toContain("<Name>&lt;&amp;&gt;</Name>");
  expect(xml).not.toContain("<Pass");
  expect(xml.match(/<Logontype>2</g)).toHaveLength(2);
});
