/** A line of `pulumi up --suppress-progress`: sign, type and name of a resource, then what happens to it. */
const RESOURCE = /^\s*\S{1,2}\s+(\S+:\S+) (\S+) (.+)$/;

/** What the stack and our components say says nothing more: they are underway as long as something in them is. */
const CONTAINER_TYPES = /^(pulumi|xwmooc):/;

/** The resources that an update is busy with, by the lines that Pulumi prints. */
export class Underway {
  readonly #names = new Set<string>();

  /** Takes note of a line; other lines than those of resources don't count. */
  take(line: string): void {
    const [, type = "", name = "", happening = ""] = RESOURCE.exec(line) ?? [];
    if (name === "" || CONTAINER_TYPES.test(type)) return;
    if (/^(creating|updating|deleting|replacing|reading)\b(?! failed)/.test(happening)) this.#names.add(name);
    else this.#names.delete(name);
  }

  /** Their names, for a line of progress; undefined if there are none. */
  get text(): string | undefined {
    return this.#names.size === 0 ? undefined : [...this.#names].join(", ");
  }
}
