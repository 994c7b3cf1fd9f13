import { StateDirectoryHeldError, StateLock } from '@aesop/runtime'

/** Takes the lock of the folder that its argument names, says so, and holds it until it is killed. */
const [folder = ''] = process.argv.slice(2)
try {
  await StateLock.take(folder, 'holder')
  process.stdout.write('held\n')
} catch (error) {
  process.stdout.write(error instanceof StateDirectoryHeldError ? 'refused\n' : `${String(error)}\n`)
}
setInterval(() => undefined, 1_000_000)
