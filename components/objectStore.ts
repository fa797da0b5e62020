import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { Course } from "../config/schema";

/** What {@link ObjectStore} needs. */
export interface ObjectStoreArgs {
  /** One container is declared for each course. */
  courses: Course[];
  /**
   * One more for the canary's object. It holds nothing of worth, and goes with the stack.
   * @default none
   */
  canaryContainer?: string;
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
    const declared = args.courses.map((course) => {
      const container = new openstack.objectstorage.Container(
        `${name}-${course.name}`,
        {
          name: course.container,
          metadata: { Course: course.name },
          // Read and write ACLs stay empty: only the account itself gets in.
          forceDestroy: !keep,
        },
        { parent: this, protect: keep, retainOnDelete: keep },
      );
      return [course.name, container.name] as const;
    });
    if (args.canaryContainer !== undefined) {
      new openstack.objectstorage.Container(
        `${name}-canary`,
        { name: args.canaryContainer, metadata: { Role: "canary" }, forceDestroy: true },
        { parent: this },
      );
    }
    this.containers = pulumi.output(Object.fromEntries(declared));
    this.registerOutputs({ containers: this.containers });
  }
}
