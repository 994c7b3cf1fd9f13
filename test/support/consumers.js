/*
 * Consumers of the tests and measurements that run in processes of their own, as plain JavaScript so that the
 * measured process is the one that users of a built consumer have.
 */
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Writes one line per change to stdout before the callback returns: what a kill leaves behind is what was consumed. */
export class LedgerFactory {
  createConsumer() {
    return {
      onDataEvent(event) {
        writeSync(1, `${event.opcode} ${event.source.name} ${event.key} ${event.scn}\n`)
      },
    }
  }
}

/** As the ledger, but throws on the first three looks at the key 5. */
export class FailingFactory {
  createConsumer() {
    let failures = 0
    return {
      onDataEvent(event) {
        if (String(event.key) === '5' && failures < 3) {
          failures += 1
          writeSync(1, `FAIL ${event.key}\n`)
          throw new Error('the consumer does not like 5')
        }
        writeSync(1, `${event.opcode} ${event.source.name} ${event.key} ${event.scn}\n`)
      },
      onRollback(scn) {
        writeSync(1, `ROLLBACK ${scn}\n`)
      },
    }
  }
}

/** Always throws on the key 5. */
export class PoisonedFactory {
  createConsumer() {
    return {
      onDataEvent(event) {
        if (String(event.key) === '5') throw new Error('the consumer never takes 5')
        writeSync(1, `${event.opcode} ${event.source.name} ${event.key} ${event.scn}\n`)
      },
      onError(error) {
        writeSync(1, `ERROR ${error.code}\n`)
      },
    }
  }
}

/** Counts events, reads every row when asked to, and says when `COUNT_UNTIL` of them are there. */
export class CountingFactory {
  createConsumer() {
    const until = Number(process.env.COUNT_UNTIL)
    const reads = process.env.COUNT_READS === '1'
    let events = 0
    let first = 0
    let sum = 0
    return {
      onDataEvent(event) {
        if (events === 0) first = performance.now()
        if (reads) sum += event.row.n ?? 0
        events += 1
        if (events === until) writeSync(1, `${JSON.stringify({ seconds: (performance.now() - first) / 1000, sum })}\n`)
      },
    }
  }
}

/** Collects the time from `sent` (nanoseconds of the machine's monotonic clock, a column) to the callback. */
export class LatencyFactory {
  createConsumer() {
    const until = Number(process.env.COUNT_UNTIL)
    const latencies = []
    return {
      onDataEvent(event) {
        latencies.push(Number(process.hrtime.bigint() - event.row.sent) / 1e6)
        if (latencies.length === until) writeSync(1, `${JSON.stringify(latencies)}\n`)
      },
    }
  }
}

/** Bytes as hexadecimal digits; long ones as their number and MD5, because a pipe takes little at a time. */
function digits(bytes) {
  const long = bytes.length > 64
  return long ? `${bytes.length} ${createHash('md5').update(bytes).digest('hex')}` : Buffer.from(bytes).toString('hex')
}

/** Writes each change with its row as one line of JSON: bigints as text, bytes as digits. */
export class RowsFactory {
  createConsumer() {
    const plain = (_name, value) =>
      typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? digits(value) : value
    return {
      onDataEvent({ opcode, source, key, row }) {
        writeSync(1, `${JSON.stringify({ opcode, source: source.name, key, row }, plain)}\n`)
      },
    }
  }
}

/** Says where each window begins and ends, and writes its changes with the column `v`, before the callback returns. */
export class WindowFactory {
  createConsumer() {
    const say = (line) => {
      for (;;) {
        try {
          writeSync(1, `${line}\n`)
          return
        } catch (error) {
          // The reader of the pipe is behind.
          if (error.code !== 'EAGAIN') throw error
        }
      }
    }
    return {
      onStartDataEventSequence: (scn) => say(`BEGIN ${scn}`),
      onDataEvent: ({ opcode, key, row }) => say(`${opcode} ${key} ${opcode === 'DELETE' ? '-' : row.v}`),
      onEndDataEventSequence: (scn) => say(`END ${scn}`),
    }
  }
}

/** As the ledger, but takes 10 ms for each change, and says why nothing comes any more. */
export class SlowFactory {
  createConsumer() {
    return {
      async onDataEvent(event) {
        writeSync(1, `${event.opcode} ${event.source.name} ${event.key} ${event.scn}\n`)
        await sleep(10)
      },
      onError(error) {
        writeSync(1, `ERROR ${error.code}\n`)
      },
    }
  }
}
