/** Someone who brings a course from the store to the site. */
export interface Contender {
  /** Short: names its unit and its folder of the site. */
  name: string;
  title: string;
  /** Its script in this folder; none for this publisher, which is a service already. */
  script?: string;
  /** Reads through the mount, whose costs are its own then. */
  usesMount: boolean;
  /** What it logs once it is at work. */
  ready?: RegExp;
  /** Of this publisher: each change is announced to it. */
  announced?: boolean;
  /** Of this publisher: the seconds of silence that it waits for. Default: 0.7, as in the product. */
  settleSeconds?: number;
}

const FIRST_PASS = /first pass done/;

/** In the order in which they run. */
export const CONTENDERS: Contender[] = [
  { name: "publisher", title: "this publisher", usesMount: true },
  { name: "announced", title: "this publisher, announced", usesMount: true, announced: true },
  { name: "unsettled", title: "this publisher, not settling", usesMount: true, settleSeconds: 0 },
  { name: "rclone", title: "rclone sync, loop", script: "rclone.sh", usesMount: false, ready: FIRST_PASS },
  { name: "rsync", title: "rsync from the mount, loop", script: "rsync.sh", usesMount: true, ready: FIRST_PASS },
  { name: "poller", title: "poller, 10 s, atomic", script: "poller.sh", usesMount: false, ready: FIRST_PASS },
  {
    name: "lsyncd",
    title: "lsyncd on the mount",
    script: "lsyncd.sh",
    usesMount: true,
    ready: /Startup of .* finished/,
  },
  { name: "seed", title: "the tutorial's loop", script: "seed.sh", usesMount: true, ready: /Watches established/ },
];
