import { type StoreReader } from '@aesop/bootstrap-store'
import { EventView } from '@aesop/event'

/** The values of a table's rows by their key, as a consumer gets them that begins now. */
export async function storePicture(reader: StoreReader, source: string): Promise<Map<number, string>> {
  const [state] = await reader.states([source])
  const startScn = state?.stream.appliedScn ?? -1n
  const picture = new Map<number, string>()
  const view = new EventView()
  let afterId = 0n
  for (let isDone = false; !isDone;) {
    const question = { source, afterId, startScn, sinceScn: 0n, takesSchemaChanges: true, maxBytes: 1 << 22 }
    const answer = await reader.snapshot(question)
    if (answer.kind !== 'events') throw new Error('an event does not fit')
    for (let offset = 0; offset < answer.bytes.length; offset = view.end) {
      view.moveTo(answer.bytes, offset)
      picture.set(Number(view.key), view.value.toString('latin1'))
    }
    ;({ place: afterId, isDone } = answer)
  }
  return picture
}
