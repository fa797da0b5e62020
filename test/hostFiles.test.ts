import { expect, it } from "vitest";
import { nftablesRules, nginxCourses } from "../components/hostFiles";
import { declared } from "./support/courseHost";

it("the server's own firewall lets in what the security group does", () => {
  const tcp = { direction: "ingress", protocol: "tcp" } as const;
  const rules = nftablesRules([
    { ...tcp, port: 22, remote: "203.0.113.0/24", description: "administration" },
    { ...tcp, port: 80, description: "visitors" },
    { ...tcp, port: 50_000, lastPort: 50_099, remote: "0.0.0.0/0", description: "FTP's data" },
    { direction: "egress", protocol: "udp", port: 53, description: "DNS" },
  ]);
  expect(rules.split("\n").filter((line) => line.includes("dport"))).toEqual([
    '    udp sport 67 udp dport 68 accept comment "DHCP"',
    '    ip saddr 203.0.113.0/24 tcp dport 22 accept comment "administration"',
    '    tcp dport 80 accept comment "visitors"',
    '    tcp dport 50000-50099 accept comment "FTP\'s data"',
  ]);
  expect(rules).toContain("policy drop;");
});

it("nginx knows the courses by their paths, whatever is in them", () => {
  const [course] = declared(["pi"]);
  if (course === undefined) throw new Error("no course");
  const text = nginxCourses([{ ...course, path: "책/py 4.0", contentSecurityPolicy: "default-src 'self'" }]);
  expect(text).toContain(`"~^/책/py 4\\.0(/|$)" "default-src 'self'";`);
  expect(text).toContain(`"~^/책/py 4\\.0(/|$)" "/책/py 4.0/404.html";`);
  expect(text).toMatch(/default "default-src 'none'; style-src 'sha256-/);
});
