import type { Outcome } from "../support/systemdContainer";
import { AUTHOR, type GatewayHost } from "./gatewayHost";

type Account = typeof AUTHOR;

/** The programs that authors use, run beside the gateway. */
export class Clients {
  constructor(private readonly gateway: () => GatewayHost) {}

  /** Puts lftp's settings there. */
  async prepare(): Promise<void> {
    await this.gateway().sh(`cat >/root/lftp.conf <<'END'
set ssl:verify-certificate no
set ftp:ssl-force yes
set ftp:ssl-protect-data yes
set sftp:auto-confirm yes
set net:max-retries 1
set net:timeout 40
set cmd:fail-exit yes
set mirror:parallel-transfer-count 4
END
printf '#!/bin/sh\\necho "%s"\\n' '${AUTHOR.password}' >/root/askpass; chmod 700 /root/askpass`);
  }

  /** curl, by explicit TLS. */
  curl(args: string, who: Account = AUTHOR): Promise<Outcome> {
    const login = `--user '${who.name}:${who.password}'`;
    return this.gateway().run(`curl --silent --show-error --insecure --ssl-reqd ${login} ${args}`);
  }

  /** lftp, by FTP over TLS or by SFTP. */
  lftp(commands: string, url = "ftp://127.0.0.1"): Promise<Outcome> {
    const { name, password } = AUTHOR;
    return this.gateway().run(`lftp -u '${name},${password}' ${url} <<'END'\nsource /root/lftp.conf\n${commands}\nEND`);
  }

  /** Python's ftplib; the session is `ftp`, `refused(call)` gives the error's text. */
  ftplib(body: string): Promise<Outcome> {
    return this.gateway().run(`python3 - <<'END'\n${FTPLIB}\n${body}\nEND`);
  }

  /** OpenSSH's sftp. */
  async sftp(commands: string): Promise<Outcome> {
    await this.gateway().sh(`cat >/root/batch <<'END'\n${commands}\nEND`);
    // A batch says that nobody is there to type a password; the program that is asked for it is.
    return await this.gateway().run(
      `${ASKPASS} sftp -q -P 2022 -o BatchMode=no ${SSH} -b /root/batch ${AUTHOR.name}@127.0.0.1`,
    );
  }

  /** OpenSSH's ssh. */
  ssh(command: string): Promise<Outcome> {
    return this.gateway().run(`${ASKPASS} ssh -p 2022 ${SSH} ${AUTHOR.name}@127.0.0.1 ${command}`);
  }
}

const ASKPASS = "SSH_ASKPASS=/root/askpass SSH_ASKPASS_REQUIRE=force";
const SSH = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";

const FTPLIB = `
import ftplib, io, ssl, sys, threading, time

class Ftps(ftplib.FTP_TLS):
    # As strict clients do: the data connection resumes the control connection's session.
    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            conn = self.context.wrap_socket(conn, server_hostname=self.host, session=self.sock.session)
        return conn, size

context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE

def login(name="${AUTHOR.name}", password="${AUTHOR.password}"):
    ftp = Ftps(context=context, timeout=40); ftp.encoding = "utf-8"
    ftp.connect("127.0.0.1", 21); ftp.login(name, password); ftp.prot_p()
    return ftp

def refused(call):
    try: call()
    except ftplib.Error as error: return str(error)
    return "not refused"
`;
