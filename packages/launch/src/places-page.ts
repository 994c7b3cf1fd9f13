import { isPlaceKeeper, type PlaceDesk } from '@aesop/kernel'
import { type Application } from '@aesop/runtime'
import { type DeskReport, deskReport } from './place-report.ts'

/** `/admin/places`: where sources and registrations stand by what is stored, as `aesop-launch state show --json` says it. */
export async function placesPage(application: Application): Promise<readonly DeskReport[]> {
  return Promise.all((await placeDesksOf(application)).map(deskReport))
}

/** The desks of all beans that keep places. */
export async function placeDesksOf({ containers }: Application): Promise<readonly PlaceDesk[]> {
  const beans = containers.flatMap(({ current }) => current.beans.map(({ instance }) => instance))
  const desks = await Promise.all(beans.filter(isPlaceKeeper).map((keeper) => keeper.placeDesks()))
  return desks.flat()
}
