import type { Candidate } from "./complete.ts";

/**
 * Each shell asks the program itself at every press of TAB, so what is completed is never older than the program. What was typed goes there as it is, and is
 * not evaluated; without an answer the shell offers files. (`@bomb.sh/tab`, which knows commander, evaluates what was typed in bash, needs bash-completion and
 * cannot be sourced twice.)
 */
type Shell = {
  readonly script: string;
  /** A candidate as the script expects it, on a line of its own. */
  write(candidate: Candidate): string;
};

const bash: Shell = {
  script: `# For ~/.bashrc: source <(hailstream completion bash)
_hailstream() {
  local IFS=$'\\n'
  COMPREPLY=($(hailstream completion bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o bashdefault -o default -F _hailstream hailstream
`,
  write: ({ value }) => value,
};

const zsh: Shell = {
  script: `#compdef hailstream
# For ~/.zshrc, behind compinit: source <(hailstream completion zsh)
_hailstream() {
  local -a found
  found=("\${(@f)$(hailstream completion zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then _describe hailstream found; else _files; fi
}
compdef _hailstream hailstream
`,
  write: ({ value, description }) => `${value.replaceAll(":", "\\:")}:${description}`,
};

const fish: Shell = {
  script: `# For ~/.config/fish/completions/hailstream.fish: hailstream completion fish > …
function __hailstream_complete
  set -l words (commandline --tokenize --current-process --cut-at-cursor)
  set -l current (commandline --current-token --cut-at-cursor)
  set -l found (hailstream completion fish -- $words[2..] "$current" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline --current-token)
  end
end
complete --command hailstream --no-files --arguments '(__hailstream_complete)'
`,
  write: ({ value, description }) => `${value}\t${description}`,
};

export const shells = { bash, zsh, fish } as const;
