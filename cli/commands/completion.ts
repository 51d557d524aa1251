import { Argument, type Command } from 'commander';
import type { Registration } from '../registration.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function registerCompletion({ program, io }: Registration): void {
  program
    .command('completion')
    .description('print a script that completes mesh commands in your shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  source <(mesh completion bash)
  mesh completion zsh > "\${fpath[1]}/_mesh"
  mesh completion fish > ~/.config/fish/completions/mesh.fish`,
    )
    .action((shell: (typeof SHELLS)[number]) => {
      io.stdout.write(scriptFor(shell, wordsOf(program)));
    });
}

/** What may follow each command: its commands and long options, by the command's words. */
function wordsOf(command: Command, path: readonly string[] = []): Map<string, string[]> {
  const options = command.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : []));
  const names = command.commands.map((child) => child.name());
  const words = new Map([[path.join(' '), [...names, ...options, '--help']]]);
  for (const child of command.commands) {
    for (const entry of wordsOf(child, [...path, child.name()])) words.set(...entry);
  }
  return words;
}

function scriptFor(shell: (typeof SHELLS)[number], words: ReadonlyMap<string, readonly string[]>): string {
  if (shell === 'fish') return fish(words);
  const cases = [...words].map(([path, next]) => `    "${path}") words="${next.join(' ')}" ;;`).join('\n');
  const zsh = shell === 'zsh' ? '#compdef mesh\nautoload -U +X bashcompinit && bashcompinit\n' : '';
  return `${zsh}_mesh() {
  local path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _mesh mesh
`;
}

function fish(words: ReadonlyMap<string, readonly string[]>): string {
  const lines = [...words].map(([path, next]) => {
    const condition =
      path === ''
        ? '__fish_use_subcommand'
        : path
            .split(' ')
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join('; and ');
    return `complete -c mesh -n '${condition}' -a '${next.join(' ')}'`;
  });
  return `${lines.join('\n')}\n`;
}
