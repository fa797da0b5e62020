import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { uploadGateway, uploadPorts } from "../config/uploadGateway";

/** A range of ports, both ends included. */
export interface PortRange {
  first: number;
  last: number;
}

/** The part of a stack's file (`Pulumi.<stack>.yaml`) that decides what its resources may be. */
export interface StackFile {
  /** Networks that may reach port 22. */
  sshFrom: string[];
  /** Networks that authors come from; empty without an upload gateway. */
  uploadsFrom: string[];
  /** Ports of the upload gateway. */
  uploadPorts: PortRange[];
  /** Whether the first half of the double confirmation for deleting content is given. */
  deletesContent: boolean;
}

const gatewayPorts = uploadGateway.pick({ allowedFrom: true, ftp: true, sftp: true }).strip();

/**
 * Reads the file of a stack. What is not there allows nothing.
 * @param folder of the project
 */
export function readStackFile(stack: string, folder: string): StackFile {
  const file = join(folder, `Pulumi.${stack}.yaml`);
  const { config = {} } = existsSync(file) ? parse(readFileSync(file, "utf8")) : {};
  const gateway = gatewayPorts.safeParse(config["xwmooc:uploadGateway"]).data;
  return {
    sshFrom: config["xwmooc:webServer"]?.sshFrom ?? [],
    uploadsFrom: gateway?.allowedFrom ?? [],
    uploadPorts: gateway
      ? uploadPorts(gateway).map(({ port, lastPort = port }) => ({ first: port, last: lastPort }))
      : [],
    deletesContent: config["xwmooc:deleteContent"] !== undefined,
  };
}
