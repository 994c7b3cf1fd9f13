import { StatusLine } from '@aesop/runtime'
import { expect, test } from 'vitest'

/** What was written to a terminal of so many columns, with its codes as people see them. */
class Screen {
  readonly columns: number
  written = ''

  constructor(columns: number) {
    this.columns = columns
  }

  write(text: string, done?: () => void): void {
    this.written += text
    done?.()
  }

  get lines(): readonly string[] {
    return this.written.split('\n').map((line) => line.split('\r\u001b[K').at(-1) ?? '')
  }
}

test('a line is drawn anew in its place, and lines of a log stand above it', () => {
  const screen = new Screen(40)
  const status = new StatusLine(screen, false)
  status.show({ text: '10 %', waits: false })
  status.writeAbove('INFO one\nINFO two\n')
  status.show({ text: '20 %', waits: false })
  expect(screen.lines).toEqual(['INFO one', 'INFO two', '20 %'])
  status.clear()
  status.writeAbove('INFO three\n')
  expect(screen.lines).toEqual(['INFO one', 'INFO two', 'INFO three', ''])
})

test('a line that is kept has what follows below it', () => {
  const screen = new Screen(40)
  const status = new StatusLine(screen, false)
  status.show({ text: '100 %', waits: false })
  status.keep()
  status.writeAbove('done\n')
  expect(screen.lines).toEqual(['100 %', 'done', ''])
})

test('a line never reaches the end of the terminal, where it could not be drawn anew', () => {
  const screen = new Screen(10)
  new StatusLine(screen, false).show({ text: 'shop.item: 12', waits: false })
  expect(screen.lines).toEqual(['shop.ite…'])
})

test('it has colours where they are wanted: another one where it waits', () => {
  const screen = new Screen(40)
  const status = new StatusLine(screen, true)
  status.show({ text: 'x', waits: false })
  status.show({ text: 'x', waits: true })
  expect(screen.written).toContain('\u001b[32mx\u001b[0m')
  expect(screen.written).toContain('\u001b[33mx\u001b[0m')
})
