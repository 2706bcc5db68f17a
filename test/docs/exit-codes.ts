/** The comment of a line that tells how its command ends: `# refused: exit code 2`. */
const told = /^(.*\S) +# (?:.*\W)?exit code (\d+)\b.*$/gm;

/** A script in which each command whose comment tells an exit code other than 0 has to end with it. One line a command. */
export const holdToExitCodes = (script: string): string =>
  script.replace(told, (_, command, code) => {
    if (code === "0") return command;
    return `{ ${command} && echo "exit code 0 instead of ${code}" && exit 1; } || test $? = ${code}`;
  });
