/** A server's port could not be had. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
  readonly server: string;
  readonly port: number;

  constructor(server: string, port: number, cause: unknown) {
    super(`port ${port}, meant for ${server}, is taken`, { cause });
    this.server = server;
    this.port = port;
  }
}

interface Closable {
  close(): Promise<void>;
}

export type StartServer<Name extends string> = <Server extends Closable>(
  name: Name,
  starting: (place: { readonly port: number }) => Promise<Server>,
) => Promise<Server>;

/** Servers that are started together, each on the port chosen for it, and closed together. */
export class ServerGroup<Name extends string> {
  readonly #ports: Readonly<Partial<Record<Name, number>>>;
  readonly #open: Closable[] = [];
  readonly #starting: Promise<unknown>[] = [];

  constructor(ports: Readonly<Partial<Record<Name, number>>>) {
    this.#ports = ports;
  }

  /** Throws `PortTaken`. */
  readonly start: StartServer<Name> = <Server extends Closable>(
    name: Name,
    starting: (place: { readonly port: number }) => Promise<Server>,
  ): Promise<Server> => {
    const started = this.#start(name, starting);
    this.#starting.push(started);
    return started;
  };

  /** Closes all that started, or is still starting. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#starting);
    await Promise.all(this.#open.splice(0).map((server) => server.close()));
  }

  async #start<Server extends Closable>(
    name: Name,
    starting: (place: { readonly port: number }) => Promise<Server>,
  ): Promise<Server> {
    const port = this.#ports[name] ?? 0;
    try {
      const server = await starting({ port });
      this.#open.push(server);
      return server;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw code === 'EADDRINUSE' || code === 'EACCES' ? new PortTaken(name, port, error) : error;
    }
  }
}
