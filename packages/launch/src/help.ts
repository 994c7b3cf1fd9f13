/** The whole help of `aesop-launch --help`. */
export const HELP = `aesop-launch builds what a bootstrap descriptor asks for, starts it and keeps it alive.

Usage: aesop-launch [run] <bootstrap.yaml> [options]
       aesop-launch check <descriptor...>      check without starting anything
       aesop-launch print <descriptor...>      effective beans, with the origin of every value
       aesop-launch graph <descriptor...>      who needs whom: --format mermaid, dot or json
       aesop-launch schema [container]         JSON Schema for editors; without a name: of bootstrap.yaml
       aesop-launch convert <spring.xml>       Spring XML as a descriptor, on stdout
       aesop-launch explain <CODE>             what an error code means and what to do
       aesop-launch completion <bash|zsh>      a script for the shell
       aesop-launch state show <bootstrap>     where they stand, whose rows are left out, what was changed by hand
       aesop-launch state locate <bootstrap> --at <place>     which SCN, file, position, GTID and time a place is
       aesop-launch state set <bootstrap> --to <place>        moves a stored place, with --yes; else shows what would be
       aesop-launch state reset <bootstrap>                   forgets a stored place
       aesop-launch state pass <bootstrap> --at <file:pos>    goes past one transaction of a source
       aesop-launch state release <bootstrap> --table <logical source>   delivers the rows of a table again that are left out

Options
  -s, --set <key=value>          value of \${key} in descriptors; repeatable, wins over all;
                                 or bean.property.path=value: a property of a bean
  -p, --properties <file>        values of placeholders, .yaml or .properties; repeatable
  -P, --profile <name>           chooses beans with \`when\` and runtime-config-<name>.yaml; repeatable
      --projects-root <dir>      in place of the projectsRoot of the bootstrap descriptor
      --strict                   warnings are errors
  -n, --dry-run                  the same as check
      --fresh                    clear this application's state first
      --start-timeout <60s>      limit of each start of a bean
      --shutdown-timeout <30s>   limit of each stop of a bean
      --drain-delay <0s>         work on this long after readiness fails, then stop
      --admin <[host:]port|off>  admin server; default 127.0.0.1:9090 for the nature "server", else off
      --watch                    reload containers whose descriptors change
      --log-level <level>        error, warn, info (default) or debug
      --log-format <text|json>   form of the log on stderr
      --json                     check, print, graph, explain: JSON on stdout
      --no-color                 no colours (also: NO_COLOR in the environment)
      --source <name>, --registration <id>   state: whose place
      --reason <text>, --yes     state: a note for the journal; make the change
  -q, --quiet                    warnings and errors only
  -v, --verbose                  debug lines, stacks of errors
  -h, --help                     this text
  -V, --version                  the version

Environment: AESOP_PROPERTIES and AESOP_PROFILE like the options; any \${a.b} may come from A_B

Exit codes
  0 stopped in order, or checked without errors    4 something failed to start; all was stopped again
  1 died after the start                           5 stopped, but a bean failed to stop or took too long
  2 the command line was not understood            128+n ended at once by a second signal n
  3 errors in descriptors; nothing was started
`

/** What is shown when no argument is given. */
export const SHORT_HELP = `Usage: aesop-launch [run] <bootstrap.yaml> [options]

Example: aesop-launch bootstrap.yaml --set DB_PASSWORD=secret

aesop-launch --help shows all commands and options.
`
