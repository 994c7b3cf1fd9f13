import { ProfileUnusedError, SettingSecretError, SettingUnusedError } from '../errors.ts'
import { isSecretName } from '../log/secret-name.ts'
import { type ProblemList } from './descriptor-error.ts'
import { type ReadDescriptor } from './preparation.ts'
import { type PropertyLookup } from './property-lookup.ts'
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
      const hint = problems.affordsHint(lookup.askedKeys.size) ? suggestion(key, lookup.askedKeys) : undefined
      const finding = { at, hint }
      problems.add(new SettingUnusedError(`no descriptor uses \${${key}}`, finding))
    }
  }
  for (const name of profiles.unused()) {
    const hint = suggestion(name, profiles.known)
    const message = `no descriptor and no properties file knows the profile "${name}"`
    problems.add(new ProfileUnusedError(message, { hint, severity: 'warning' }))
  }
}

/** Warns of options of the command line that give secrets: every user of the machine can read them there. */
export function reportSecretSettings(
  lookup: PropertyLookup,
  descriptors: readonly ReadDescriptor[],
  problems: ProblemList,
): void {
  const bySchema = new Set(descriptors.flatMap(({ disclosure }) => [...disclosure.secretSettings]))
  for (const [key, value] of Object.entries(lookup.settings)) {
    if (value === '' || !(isSecretName(key) || bySchema.has(key))) continue
    const message = `--set ${key} gives a secret, and every user of this machine can read it in the list of processes`
    problems.add(new SettingSecretError(message, {}))
  }
}
