#!/usr/bin/env node
import { existsSync } from 'node:fs'

const main = new URL('../dist/main.js', import.meta.url)
if (existsSync(main)) {
  const { main: run } = await import(main.href)
  await run(process.argv.slice(2))
} else {
  console.error('aesop-launch has not been built yet: run npm run build')
  process.exitCode = 2
}
