/** The whole help of `aesop-launch --help`. */
export const HELP = `aesop-launch builds what a bootstrap descriptor asks for, starts it and keeps it alive.

Usage: aesop-launch [run] <bootstrap.yaml> [options]
       aesop-launch check <descriptor...>      check without starting anything
       aesop-launch explain <CODE>             what an error code means and what to do

Options
  -s, --set <key=value>          value of \${key} in descriptors; repeatable, wins over the environment
      --fresh                    clear this application's state first
      --start-timeout <60s>      limit of each start of a bean
      --shutdown-timeout <30s>   limit of each stop of a bean
      --drain-delay <0s>         work on this long after readiness fails, then stop
      --admin <[host:]port|off>  admin server; default 127.0.0.1:9090 for the nature "server", else off
      --watch                    reload containers whose descriptors change
      --log-level <level>        error, warn, info (default) or debug
      --log-format <text|json>   form of the log on stderr
      --json                     check: problems as a JSON array on stdout
      --no-color                 no colours (also: NO_COLOR in the environment)
  -q, --quiet                    warnings and errors only
  -v, --verbose                  debug lines, stacks of errors
  -h, --help                     this text
  -V, --version                  the version

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
