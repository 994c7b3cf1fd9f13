import { expect, it } from 'vitest'
import { Savepoints } from '../src/transaction/savepoints.ts'

/** What goes back to the savepoint calls. */
function undone(savepoints: Savepoints, sql: string): string | undefined {
  const undo = savepoints.rollBack(sql)
  undo?.()
  return undo === undefined ? undefined : last
}
let last = ''
const to = (text: string) => () => void (last = text)

it('keeps a savepoint that was gone back to, and forgets those after it', () => {
  const savepoints = new Savepoints()
  for (const name of ['a', 'b', 'c']) savepoints.set(`SAVEPOINT \`${name}\``, to(name))
  expect(undone(savepoints, 'ROLLBACK TO `b`')).toBe('b')
  expect(undone(savepoints, 'ROLLBACK TO `c`')).toBeUndefined()
  expect(undone(savepoints, 'ROLLBACK TO `b`')).toBe('b')
  expect(undone(savepoints, 'ROLLBACK TO `a`')).toBe('a')
  expect(undone(savepoints, 'ROLLBACK TO `b`')).toBeUndefined()
})

it('moves a savepoint that is set again behind the others', () => {
  const savepoints = new Savepoints()
  savepoints.set('SAVEPOINT `a`', to('first a'))
  savepoints.set('SAVEPOINT `b`', to('b'))
  savepoints.set('SAVEPOINT `A`', to('second a'))
  expect(undone(savepoints, 'ROLLBACK TO `b`')).toBe('b')
  expect(undone(savepoints, 'ROLLBACK TO `a`')).toBeUndefined()
})

it.each([
  ['SAVEPOINT `a``b`', 'ROLLBACK TO SAVEPOINT `A``B`'],
  ['SAVEPOINT plain', 'rollback work to savepoint PLAIN;'],
  ['savepoint `é x`', 'ROLLBACK WORK TO `E X`'],
  ['SAVEPOINT `to`', 'ROLLBACK TO `to`'],
  ['SAVEPOINT`a`', 'ROLLBACK TO`a`'],
  ['SAVEPOINT `plain`', 'ROLLBACK TO plain'],
  ['SAVEPOINT  two', 'ROLLBACK  TO  two'],
  ['SAVEPOINT line', 'ROLLBACK\n WORK\n TO\n SAVEPOINT\n line \n;\n'],
  ['SAVEPOINT `with``tick`', 'ROLLBACK TO `with``tick`'],
  ['SAVEPOINT `a\nb`', 'ROLLBACK TO `A\nB`'],
])('finds %s in %s', (set, back) => {
  const savepoints = new Savepoints()
  savepoints.set(set, to('it'))
  savepoints.set('SAVEPOINT `other`', to('other'))
  expect(undone(savepoints, back)).toBe('it')
  savepoints.clear()
  expect(undone(savepoints, back)).toBeUndefined()
})

it.each([
  ['SAVEPOINT `a``b`', 'ROLLBACK TO `ab`'],
  ['SAVEPOINT `a`', 'ROLLBACK TO b'],
  ['SAVEPOINT `a b`', 'ROLLBACK TO ab'],
  ['SAVEPOINT `a\nb`', 'ROLLBACK TO `a`'],
])('does not find %s in %s', (set, back) => {
  const savepoints = new Savepoints()
  savepoints.set(set, to('it'))
  expect(undone(savepoints, back)).toBeUndefined()
})
