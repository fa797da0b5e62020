import { barsSvg } from "../bars";
import { type Figures, figuresOf, type Report } from "./report";
import { SERVERS } from "./servers";

const PANELS: { of: keyof Figures; title: (report: Report) => string; unit?: string }[] = [
  { of: "filesPerSecond", title: ({ files }) => `${files} small files over 4 connections: files a second` },
  { of: "untimedFilesPerSecond", title: () => "The same by FTP, without keeping their times: files a second" },
  { of: "megabytesPerSecond", title: ({ largeMb }) => `One file of ${largeMb} MB: MB a second` },
  { of: "listSeconds", title: ({ entries }) => `List of a folder of ${entries}: seconds (less is better)`, unit: " s" },
];

/** The medians as bars: one panel a figure. */
export function plotSvg(report: Report): string {
  return barsSvg(
    "The upload gateway beside rclone's servers",
    PANELS.map(({ of, title, unit }) => ({
      title: title(report),
      ...(unit && { unit }),
      rows: SERVERS.map((server) => ({
        title: server.title,
        value: figuresOf(report, server)[of],
        own: server.own,
      })),
    })),
  );
}
