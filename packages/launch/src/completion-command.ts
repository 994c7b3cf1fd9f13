import { COMMANDS, GRAPH_FORMATS, OPTIONS, SHELLS } from './command-line.ts'

const CONTAINERS = ['launch', 'relay', 'client', 'bootstrap', 'bootstrap-producer', 'blocking-bootstrap']

/** Prints the script that completes commands, options and files in a shell. */
export function completion(shell: (typeof SHELLS)[number]): number {
  process.stdout.write(shell === 'bash' ? bashScript() : `autoload -U +X bashcompinit && bashcompinit\n${bashScript()}`)
  return 0
}

function bashScript(): string {
  const options = Object.keys(OPTIONS).map((name) => `--${name}`)
  return `_aesop_launch() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  case "$before" in
    schema) COMPREPLY=($(compgen -W "${CONTAINERS.join(' ')}" -- "$word")); return ;;
    completion) COMPREPLY=($(compgen -W "${SHELLS.join(' ')}" -- "$word")); return ;;
    --format) COMPREPLY=($(compgen -W "${GRAPH_FORMATS.join(' ')}" -- "$word")); return ;;
    --log-level) COMPREPLY=($(compgen -W "error warn info debug" -- "$word")); return ;;
    --log-format) COMPREPLY=($(compgen -W "text json" -- "$word")); return ;;
    --projects-root) COMPREPLY=($(compgen -d -- "$word")); return ;;
  esac
  if [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "${options.join(' ')}" -- "$word"))
  elif [[ "$COMP_CWORD" == 1 ]]; then
    COMPREPLY=($(compgen -W "${COMMANDS.join(' ')}" -- "$word") $(compgen -f -X '!*.y*ml' -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _aesop_launch aesop-launch
`
}
