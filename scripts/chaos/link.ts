// One way from a host to another, on loopback: a port that passes octets on, and can be cut. A cut link takes connections and says
// nothing, as a network does that lost its route; what was under way is lost too.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class Link implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async to(port: number): Promise<Link> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const link = new Link(server, (server.address() as { port: number }).port);
    server.on('connection', (from) => link.#pass(from, port));
    return link;
  }

  cut(): void {
    this.#isCut = true;
    // The socket stays open, so that neither side hears of the cut.
    for (const socket of this.#sockets) socket.pause().unpipe();
  }

  mend(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(from: Socket, port: number): void {
    this.#keep(from);
    if (this.#isCut) return;
    const to = connect(port, '127.0.0.1');
    this.#keep(to);
    from.pipe(to);
    to.pipe(from);
    from.on('close', () => to.destroy());
    to.on('close', () => from.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    // A host that was killed resets its connections. Both ends close, as they should.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
