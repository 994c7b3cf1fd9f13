import { type CommandDefinition, type CommandOption, type ContainerDefinition } from '@aesop/runtime'

const COLUMN = 49
const OPTION_COLUMN = 31

const COMMON = `Options
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
      --json                     check, print, graph, explain, state: JSON on stdout
      --no-color                 no colours (also: NO_COLOR in the environment)
  -q, --quiet                    warnings and errors only
  -v, --verbose                  debug lines, stacks of errors
  -h, --help                     this text; of a command that is named, or a verb of it: what is of it
  -V, --version                  the version
`

const END = `
Environment: AESOP_PROPERTIES and AESOP_PROFILE like the options; any \${a.b} may come from A_B

Exit codes
  0 stopped in order, or checked without errors    4 something failed to start; all was stopped again
  1 died after the start                           5 stopped, but a bean failed to stop or took too long
  2 the command line was not understood            128+n ended at once by a second signal n, or
  3 errors in descriptors; nothing was started           stopped by n before its work was at its end
`

/** The whole help of `aesop-launch --help`, with the commands that there are. */
export function helpText(commands: readonly CommandDefinition[], containers: readonly ContainerDefinition[]): string {
  const lines = commands.flatMap(({ usage }) => usage.map(([args, summary]) => usageLine(args, summary)))
  const own = commands.flatMap(({ name, options = {} }) => optionLines(name, options))
  const ofContainers = containers.flatMap(({ name, options = {} }) => optionLines(`a launch with ${name}`, options))
  return `aesop-launch builds what a bootstrap descriptor asks for, starts it and keeps it alive.

Usage: aesop-launch [run] <bootstrap.yaml> [options]
${lines.join('\n')}

${COMMON}${[...ofContainers, ...own].join('')}${END}`
}

/** The help of one command, or of one of its verbs; what is no verb of it changes nothing. */
export function commandHelpText({ name, usage, options = {} }: CommandDefinition, verb: string | undefined): string {
  const ofVerb = usage.filter(([args]) => args.startsWith(`${name} ${verb ?? ''} `) || args === `${name} ${verb ?? ''}`)
  const shown = ofVerb.length > 0 ? ofVerb : usage
  const own = Object.entries(options).filter(([, { summary }]) => ofVerb.length === 0 || isOfVerb(summary, verb))
  return `Usage:
${shown.map(([args, summary]) => usageLine(args, summary)).join('\n')}
${optionLines(name, Object.fromEntries(own)).join('')}
aesop-launch --help shows all commands, the options that each of them takes, and exit codes.
`
}

/** A summary may begin with the verbs that the option is of: `seed: …`, `locate, pass: …`. */
function isOfVerb(summary: string, verb: string | undefined): boolean {
  const verbs = /^([a-z, ]+): /.exec(summary)?.[1]?.split(', ')
  return verbs === undefined || verbs.includes(verb ?? '')
}

/** A long command line has a line of its own. */
function usageLine(args: string, summary: string): string {
  const command = `       aesop-launch ${args}`
  return command.length < COLUMN ? `${command.padEnd(COLUMN)}${summary}` : `${command}\n${' '.repeat(COLUMN)}${summary}`
}

function optionLines(
  of: string,
  options: Readonly<Record<string, Pick<CommandOption, 'value' | 'summary'>>>,
): string[] {
  const lines = Object.entries(options).map(([name, { value, summary }]) => {
    const option = `      --${name}${value === undefined ? '' : ` ${value}`}`
    return `${option.padEnd(OPTION_COLUMN + 2)}${summary}\n`
  })
  return lines.length === 0 ? [] : [`\nOptions of ${of}\n`, ...lines]
}

/** What is shown when no argument is given. */
export const SHORT_HELP = `Usage: aesop-launch [run] <bootstrap.yaml> [options]

Example: aesop-launch bootstrap.yaml --set DB_HOST=db1.example.org

aesop-launch --help shows all commands and options.
`
