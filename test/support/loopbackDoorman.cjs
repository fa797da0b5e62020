// The child of loopback.ts inside the namespace: `forward PORT ADDRESS` takes connections of a server that it is sent to that
// port, `listen PORT` opens it and sends the server.
const net = require("node:net");

const [verb, port, address] = process.argv.slice(2);

function join(from, to) {
  from.pipe(to).pipe(from);
  for (const [one, other] of [
    [from, to],
    [to, from],
  ]) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}

if (verb === "forward") {
  process.on("message", (_message, server) => {
    server.on("connection", (outside) => join(outside, net.connect(Number(port), address)));
  });
} else {
  const server = net.createServer();
  // Closed here, or both would take connections.
  server.listen(Number(port), address, () => process.send("server", server, () => server.close()));
}
process.on("disconnect", () => process.exit());
