import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import { archiveOf } from "../config/archive";
import type { Course } from "../config/schema";

/** What {@link ObjectStore} needs. */
export interface ObjectStoreArgs {
  /** One container is declared for each course. */
  courses: Course[];
  /**
   * One more for each course: Swift moves what is overwritten or deleted in the course's container there.
   * @default false: it is gone
   */
  archive?: boolean;
  /**
   * One more for the canary's object. It holds nothing of worth, and goes with the stack.
   * @default none
   */
  canaryContainer?: string;
  /**
   * One more for the parts of large objects that the upload gateway stores; kept as the courses are.
   * @default none
   */
  segmentsContainer?: string;
  /**
   * Lets `destroy` delete the containers with all they hold.
   * @default false: containers are protected, and even an unprotected one is only forgotten, never deleted.
   */
  deleteContent?: boolean;
}

/** The courses' containers in the Swift account of the provider it is given. */
export class ObjectStore extends pulumi.ComponentResource {
  /** Name of the container by name of the course. */
  readonly containers: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: ObjectStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super("xwmooc:objectstore:ObjectStore", name, {}, opts);
    const keep = !args.deleteContent;
    // The provider has no way to rename a container, and would do nothing and say that it was done.
    const child = { parent: this, replaceOnChanges: ["name"] };
    const contentContainer = (
      role: string,
      container: string,
      metadata: Record<string, string>,
      archive?: openstack.objectstorage.Container,
    ) =>
      new openstack.objectstorage.Container(
        `${name}-${role}`,
        {
          name: container,
          metadata,
          // The newer way, "versioning", hides the versions where only a listing of its own shows them, and not every Swift has it.
          ...(archive && { versioningLegacy: { type: "history", location: archive.name } }),
          // Read and write ACLs stay empty: only the account itself gets in.
          forceDestroy: !keep,
        },
        { ...child, protect: keep, retainOnDelete: keep },
      );
    const declared = args.courses.map(({ name: course, container }) => {
      const metadata = { Course: course };
      const archive = args.archive
        ? contentContainer(archiveOf(course), archiveOf(container), { ...metadata, Role: "archive" })
        : undefined;
      return [course, contentContainer(course, container, metadata, archive).name] as const;
    });
    if (args.segmentsContainer !== undefined)
      contentContainer("upload-segments", args.segmentsContainer, { Role: "segments" });
    if (args.canaryContainer !== undefined) {
      new openstack.objectstorage.Container(
        `${name}-canary`,
        { name: args.canaryContainer, metadata: { Role: "canary" }, forceDestroy: true },
        child,
      );
    }
    this.containers = pulumi.output(Object.fromEntries(declared));
    this.registerOutputs({ containers: this.containers });
  }
}
