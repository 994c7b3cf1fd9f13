import fc from 'fast-check'

// One failing run tells that a mutant is noticed: no smaller one is looked for.
fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true })
