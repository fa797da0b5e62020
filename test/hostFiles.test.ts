import { describe, expect, it } from "vitest";
import { nftablesRules, nginxCourses, publisherConfig } from "../components/hostFiles";
import { parseConfig } from "../config/parse";
import { declared } from "./support/courseHost";
import { rawConfig } from "./support/stack";

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
  const text = nginxCourses([{ ...course, path: "책/py 4.0", contentSecurityPolicy: "default-src 'self'" }], {
    coursesBy: "path",
  });
  expect(text).toContain(`"~^/var/www/html(/\\.before)?/책/py 4\\.0(/|$)" "default-src 'self'";`);
  expect(text).toContain(`"~^/책/py 4\\.0(/|$)" "/책/py 4.0/404.html";`);
  expect(text).toMatch(/default "default-src 'none'; style-src 'sha256-/);
});

describe("courses with names of their own", () => {
  const changes = {
    "webServer.domain": "courses.example.org",
    "webServer.coursesBy": "subdomain",
    courses: [
      { name: "pi", title: "Pi" },
      { name: "py", title: "Py", path: "책/py 4.0", subdomain: "py4" },
    ],
  };
  const config = parseConfig(rawConfig("tokyo2", changes));

  it("are told apart by nginx by these, and led to from where they were", () => {
    const text = nginxCourses(config.courses, config.webServer);
    expect(text).toContain(`"pi.courses.example.org" "/pi";\n    "py4.courses.example.org" "/책/py 4.0";`);
    expect(text).toContain(`"~^courses\\.example\\.org/pi(/|$)" "//pi.courses.example.org$xwmooc_below_1";`);
    expect(text).toContain(`"~^courses\\.example\\.org/책/py 4\\.0(/|$)" "//py4.courses.example.org$xwmooc_below_2";`);
    expect(nginxCourses(config.courses, { coursesBy: "path" })).not.toContain("//p");
  });

  it("are linked by these; by path, links stay on the site", () => {
    const links = (naming: Parameters<typeof publisherConfig>[1]) => {
      const { startLink, courses } = JSON.parse(publisherConfig(config, naming));
      return [startLink, ...courses.map(({ link }: { link: string }) => link)];
    };
    expect(links(config.webServer)).toEqual([
      "//courses.example.org/",
      "//pi.courses.example.org/",
      "//py4.courses.example.org/",
    ]);
    expect(links({ coursesBy: "path" })).toEqual(["/", "/pi/", "/%EC%B1%85/py%204.0/"]);
  });
});
