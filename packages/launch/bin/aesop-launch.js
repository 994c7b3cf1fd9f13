#!/usr/bin/env node
import { existsSync } from 'node:fs'

// Until the command is loaded and listens by itself, a signal is remembered here; a second one ends the process.
const NUMBERS = { SIGINT: 2, SIGTERM: 15 }
let early
const remember = (signal) => {
  if (early !== undefined) process.exit(128 + NUMBERS[signal])
  early = signal
}
const ignore = () => undefined
for (const signal of Object.keys(NUMBERS)) process.on(signal, remember)
process.on('SIGHUP', ignore)

/** Called by whoever listens from now on; gives the signal that came before. */
const takeOverSignals = () => {
  for (const signal of Object.keys(NUMBERS)) process.off(signal, remember)
  process.off('SIGHUP', ignore)
  return early
}

const main = new URL('../dist/main.js', import.meta.url)
if (existsSync(main)) {
  const { main: run } = await import(main.href)
  await run(process.argv.slice(2), { takeOverSignals })
} else {
  console.error('aesop-launch has not been built yet: run npm run build')
  process.exitCode = 2
}
