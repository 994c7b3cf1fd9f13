import { ProfileUnusedError, SettingUnusedError } from '../errors.ts'
import { type ProblemList } from './descriptor-error.ts'
import { type PropertyLookup } from './placeholder.ts'
import { type ActiveProfiles } from './profile-condition.ts'
import { type PropertiesFile } from './properties-file.ts'
import { suggestion } from './suggestion.ts'

/** Reports settings, keys of properties files and profiles that no descriptor asked for: most likely they are misspelt. */
export function reportUnused(
  lookup: PropertyLookup,
  files: readonly PropertiesFile[],
  profiles: ActiveProfiles,
  problems: ProblemList,
): void {
  for (const key of lookup.unusedSettings()) {
    const message = `no descriptor uses \${${key}} and no bean has this property, but --set gives it a value`
    problems.add(new SettingUnusedError(message, { hint: suggestion(key, lookup.askedKeys) }))
  }
  for (const { places } of files) {
    for (const [key, at] of places) {
      if (lookup.askedKeys.has(key)) continue
      const finding = { at, hint: suggestion(key, lookup.askedKeys) }
      problems.add(new SettingUnusedError(`no descriptor uses \${${key}}`, finding))
    }
  }
  for (const name of profiles.unused()) {
    const hint = suggestion(name, profiles.known)
    const message = `no descriptor and no properties file knows the profile "${name}"`
    problems.add(new ProfileUnusedError(message, { hint, severity: 'warning' }))
  }
}
