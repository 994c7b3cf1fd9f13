import { type CommandDefinition, type Invocation } from '@aesop/runtime'
import { COMMON_OPTIONS, FORMATS, LEVELS } from './command-line.ts'
import { SHELLS } from './commands.ts'
import { commandsOf } from './contributions.ts'
import { oneOf, onlyOne } from './option-values.ts'

/** Prints the script that completes commands, options and files in a shell. @throws UsageError */
export function completion({ args, contributions, containers }: Invocation): number {
  const shell = oneOf(onlyOne(args, 'completion', 'bash or zsh'), 'completion', SHELLS)
  const ofContainers = containers.flatMap(({ options = {} }) => Object.keys(options))
  const script = bashScript(commandsOf(contributions), ofContainers)
  process.stdout.write(shell === 'bash' ? script : `autoload -U +X bashcompinit && bashcompinit\n${script}`)
  return 0
}

function bashScript(commands: readonly CommandDefinition[], ofContainers: readonly string[]): string {
  const own = commands.flatMap(({ options = {} }) => Object.entries(options))
  const options = [...Object.keys(COMMON_OPTIONS), ...own.map(([name]) => name), ...ofContainers].map(
    (name) => `--${name}`,
  )
  const cases = [
    ...commands.map(({ name, words }) => wordsAfter(name, words)),
    ...own.map(([name, { words }]) => wordsAfter(`--${name}`, words)),
    wordsAfter('--log-level', LEVELS),
    wordsAfter('--log-format', FORMATS),
  ]
  return `_aesop_launch() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  case "$before" in
${cases.join('')}    --projects-root) COMPREPLY=($(compgen -d -- "$word")); return ;;
  esac
  if [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "${options.join(' ')}" -- "$word"))
  elif [[ "$COMP_CWORD" == 1 ]]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$word") $(compgen -f -X '!*.y*ml' -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _aesop_launch aesop-launch
`
}

function wordsAfter(before: string, words: readonly string[] | undefined): string {
  return words === undefined
    ? ''
    : `    ${before}) COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$word")); return ;;\n`
}
