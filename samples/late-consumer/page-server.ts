import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'

const PAGE = new URL('./page.html', import.meta.url)

/** Serves the page, and what it shows as `/state`. */
export class PageServer {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** On loopback, at any free port unless one is given. */
  static async start(port: number, state: () => object): Promise<PageServer> {
    const server = createServer(({ url }, response) => {
      const isState = url === '/state'
      if (!isState && url !== '/') response.writeHead(404).end('there is only / and /state')
      else {
        response.setHeader('content-type', isState ? 'application/json' : 'text/html; charset=utf-8')
        response.end(isState ? JSON.stringify(state()) : readFileSync(PAGE))
      }
    })
    await new Promise<void>((listening, failed) => {
      server.once('error', failed).listen(port, '127.0.0.1', listening)
    })
    return new PageServer(server)
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((closed) => this.#server.close(closed))
  }
}
