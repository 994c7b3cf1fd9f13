import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { FaultProxy } from './fault-proxy.ts'
import { freePort } from './free-port.ts'
import { newFolder } from './test-folder.ts'
import { until } from './until.ts'

/** Debian's package: the servers without a service of the system. */
export const ZOOKEEPER_PACKAGE = '--no-install-recommends zookeeper'

const JARS = '/usr/share/java'
const CLASS_PATH = ['zookeeper', 'slf4j-jdk14', 'netty-codec', 'netty-resolver', 'netty-transport-native-unix-common']
/** A server of a test is small, and should be up at once. */
const JAVA_OPTIONS = ['-Xms24m', '-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']
const PROPERTIES = [
  'java.net.preferIPv4Stack=true',
  'zookeeper.jmx.log4j.disable=true',
  'zookeeper.extendedTypesEnabled=true',
  'zookeeper.forceSync=no',
  // Once a minute else.
  'znode.container.checkIntervalMs=200',
].map((each) => `-D${each}`)
export const TICK_MS = 500
const START_MS_MAX = 60_000

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export function isZooKeeperInstalled(): boolean {
  return CLASS_PATH.every((name) => existsSync(join(JARS, `${name}.jar`)))
}

/** Further lines of a server's `zoo.cfg`. */
export interface ZooKeeperOptions {
  readonly lines?: readonly string[]
}

/** A private ZooKeeper, of the installed package, alone or one of an ensemble. */
export class ZooKeeperServer {
  readonly port: number
  readonly folder: string
  #child: ChildProcess | undefined

  constructor(port: number) {
    this.port = port
    this.folder = newFolder('zookeeper')
  }

  /** A server of its own, running. */
  static async start(options: ZooKeeperOptions = {}): Promise<ZooKeeperServer> {
    const server = new ZooKeeperServer(await freePort())
    server.configure(options.lines ?? [])
    await server.restart()
    return server
  }

  /** `host:port`, through another port where a proxy stands in between. */
  address(port = this.port): string {
    return `127.0.0.1:${port}`
  }

  configure(lines: readonly string[]): void {
    const own = [
      `tickTime=${TICK_MS}`,
      `dataDir=${this.#data}`,
      `clientPort=${this.port}`,
      'clientPortAddress=127.0.0.1',
      'admin.enableServer=false',
      '4lw.commands.whitelist=srvr',
      'maxClientCnxns=0',
      'preAllocSize=1024',
    ]
    mkdirSync(this.#data, { recursive: true })
    writeFileSync(join(this.folder, 'zoo.cfg'), [...own, ...lines, ''].join('\n'))
  }

  /** Which of an ensemble it is. */
  setId(id: number): void {
    writeFileSync(join(this.#data, 'myid'), `${id}\n`)
  }

  /** Starts it on its data; it answers when this is done. */
  async restart(): Promise<void> {
    this.launch()
    await this.untilServing()
  }

  launch(): void {
    const log = openSync(join(this.folder, 'log'), 'a')
    const path = CLASS_PATH.map((name) => join(JARS, `${name}.jar`)).join(':')
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
    const parameters = [...JAVA_OPTIONS, ...PROPERTIES, '-cp', path, main, join(this.folder, 'zoo.cfg')]
    const child = spawn('java', parameters, { stdio: ['ignore', log, log] })
    this.#child = child
    running.add(child)
    child.once('exit', () => running.delete(child))
  }

  async untilServing(): Promise<void> {
    await until(
      'ZooKeeper serves',
      async () => (await this.mode()) !== undefined,
      START_MS_MAX,
      () => this.#lastLines(),
    )
  }

  /** `standalone`, `leader` or `follower`; undefined: it serves nobody. */
  async mode(): Promise<string | undefined> {
    return /^Mode: (\w+)$/m.exec(await askedFor('srvr', this.port))?.[1]
  }

  /** Stops all of the process where it stands, until `thaw`. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    await new Promise<void>((resolve) => {
      child.once('exit', () => {
        resolve()
      })
      child.kill('SIGKILL')
    })
  }

  /** What it has stored is gone; it must not run. */
  forget(): void {
    rmSync(join(this.#data, 'version-2'), { recursive: true, force: true })
  }

  async destroy(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #data(): string {
    return join(this.folder, 'server-data')
  }

  #lastLines(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8').split('\n').slice(-20).join('\n')
  }
}

/** Three servers that know of each other. */
export class ZooKeeperEnsemble {
  readonly servers: readonly ZooKeeperServer[]
  readonly #proxy: FaultProxy | undefined

  private constructor(servers: readonly ZooKeeperServer[], proxy: FaultProxy | undefined) {
    this.servers = servers
    this.#proxy = proxy
  }

  /** @param isCuttable whether the first one can be cut off from the last, which leads at first */
  static async start(isCuttable = false): Promise<ZooKeeperEnsemble> {
    const ports = await Promise.all(Array.from({ length: 9 }, () => freePort()))
    const [clients, quorum, election] = [ports.slice(0, 3), ports.slice(3, 6), ports.slice(6)]
    const proxy = isCuttable ? await FaultProxy.start(quorum[2] ?? 0) : undefined
    const servers = clients.map((port) => new ZooKeeperServer(port))
    for (const [i, server] of servers.entries()) {
      const members = quorum.map((port, member) => {
        const seen = i === 0 && member === 2 ? (proxy?.port ?? port) : port
        return `server.${member + 1}=127.0.0.1:${seen}:${election[member] ?? 0}`
      })
      server.configure(['initLimit=10', 'maxSessionTimeout=60000', `syncLimit=${isCuttable ? 20 : 4}`, ...members])
      server.setId(i + 1)
      server.launch()
    }
    await Promise.all(servers.map((server) => server.untilServing()))
    return new ZooKeeperEnsemble(servers, proxy)
  }

  /** From now on the first server and its leader hear nothing of each other. The first one notices after ten seconds. */
  cutOffFirst(): void {
    this.#proxy?.stall()
  }

  get addresses(): string {
    return this.servers.map((server) => server.address()).join(',')
  }

  async leader(): Promise<ZooKeeperServer> {
    for (const server of this.servers) if ((await server.mode()) === 'leader') return server
    throw new Error('the ensemble has no leader')
  }

  async destroy(): Promise<void> {
    for (const server of this.servers) server.thaw()
    await Promise.all(this.servers.map((server) => server.destroy()))
    await this.#proxy?.close()
  }
}

/** What a server answers to one of its words of four letters; '' where it does not. */
function askedFor(word: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    socket.setTimeout(1_000, () => socket.destroy())
    socket.on('connect', () => socket.write(word))
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      resolve(answer)
    })
  })
}
