import { parseArgs } from 'node:util'
import { type BenchGroup, type Figure, summaryOf } from './figure.ts'

const USAGE = `Usage: npm run bench [-- PREFIX… [--json] [--runs N]]

Measures the figures whose names begin with one of the prefixes (all without any). Method: test/bench/README.md.

  --json     one JSON line per figure: name, unit, median, min, max, runs, target
  --runs N   runs of each figure; default 3
`

/** Groups are loaded when they are asked for: `startup` should not wait for a database. */
const GROUPS: Readonly<Record<string, () => Promise<BenchGroup>>> = {
  startup: async () => (await import('./startup.ts')).startup,
  buffer: async () => (await import('./buffer.ts')).buffer,
  stream: async () => (await import('./stream.ts')).stream,
  readers: async () => (await import('./readers.ts')).readers,
  late: async () => (await import('./late.ts')).lateReading,
  deliver: async () => (await import('./deliver.ts')).deliver,
  latency: async () => (await import('./latency.ts')).latency,
  ingest: async () => (await import('./ingest.ts')).ingest,
  bootstrap: async () => (await import('./bootstrap.ts')).bootstrap,
}

function show(figure: Figure, json: boolean): void {
  const summary = summaryOf(figure)
  if (json) {
    console.log(JSON.stringify(summary))
    return
  }
  const number = (value: number): string => value.toLocaleString('en-US')
  const { name, unit, median, min, max, runs, target } = summary
  const wanted = target === undefined ? '' : `, target ${number(target)}`
  console.log(
    `${name.padEnd(44)} ${number(median).padStart(12)} ${unit.padEnd(10)} (${number(min)}–${number(max)}, ${runs} runs${wanted})`,
  )
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      runs: { type: 'string', default: '3' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) {
    process.stdout.write(USAGE)
    return
  }
  const wants = (name: string): boolean =>
    positionals.length === 0 || positionals.some((prefix) => name.startsWith(prefix))
  const names = Object.keys(GROUPS).filter(
    (group) =>
      positionals.length === 0 || positionals.some((prefix) => prefix.startsWith(group) || group.startsWith(prefix)),
  )
  if (names.length === 0)
    throw new Error(`no figure begins with ${positionals.join(', ')}; groups: ${Object.keys(GROUPS).join(', ')}`)
  for (const name of names) {
    const group = await GROUPS[name]?.()
    const figures = (await group?.measure(wants, Number(values.runs))) ?? []
    for (const figure of figures.filter((one) => wants(one.name))) show(figure, values.json === true)
  }
}

await main()
