import type { ErrorEntry } from "./entry.ts";

/** What a person at the command line meets. */
export const processErrors = {
  // Command line and options.
  option_invalid: {
    title: "An option has a value that it cannot take.",
    remedy: "Correct the option that the message names; its page in docs/options.md shows what it takes.",
    retryable: false,
  },
  option_unknown: {
    title: "There is no such option.",
    remedy: "Check the spelling; the message names the nearest one.",
    retryable: false,
  },
  // Generated code.
  codegen_refused: {
    title: "Code for these schemas cannot be generated.",
    remedy: "Rename what the message names, or leave its type out with --types.",
    retryable: false,
  },
  codegen_output_refused: {
    title: "The generated code cannot be written there.",
    remedy: "Give another folder with --out, or move the file that the message names away.",
    retryable: false,
  },
  // Apps: replay and simulate.
  apps_request_refused: {
    title: "The server refuses the request, and sending it again will not help.",
    remedy: "Check --url and --api-key; the message has the status and the server's reason.",
    retryable: false,
  },
  replay_file_unreadable: {
    title: "The file cannot be replayed.",
    remedy: "Give a CSV file of TLC trip records with pickup time and coordinates (published until June 2016).",
    retryable: false,
  },
  // Quarantine.
  quarantine_entry_unknown: {
    title: "There is no such event in quarantine.",
    remedy:
      "Give the id that hailstream quarantine list shows, at least its first 6 characters, or the id of the event. An event comes into the list a moment after it was answered.",
    retryable: false,
  },
  quarantine_entry_ambiguous: {
    title: "Several events in quarantine have this id or begin with it.",
    remedy: "Give one of the ids that the message names.",
    retryable: false,
  },
  quarantine_fix_invalid: {
    title: "The event cannot be changed like that.",
    remedy: "Correct the pointer or the value that the message names; hailstream quarantine show ID prints the event.",
    retryable: false,
  },
  quarantine_new_id_needed: {
    title: "The event's id belongs to another event that was stored before, so it cannot be posted under it.",
    remedy:
      "Compare the two: when both happened, replay this one with --new-id; when they are the same event, leave it in quarantine.",
    retryable: false,
  },
  quarantine_vouching_needed: {
    title: "The event was sent by a device that spoke for somebody else, and an API key would make it true.",
    remedy:
      "Make sure that the one it names really did this, then replay it with --vouch; or fix /subject and the ids in its data first.",
    retryable: false,
  },
  quarantine_in_hand: {
    title: "Another command is replaying the event at this moment.",
    remedy: "Try again when it has ended. When it was killed, its hold ends by itself, about a minute later.",
    retryable: false,
  },
  quarantine_already_replayed: {
    title: "The event was replayed with success already.",
    remedy: "Nothing is left to do: hailstream quarantine show ID tells when, by whom and under which id.",
    retryable: false,
  },
  quarantine_replay_unanswered: {
    title: "The front door does not answer, or takes nothing at this moment.",
    remedy:
      "Check that ingest runs and that Kafka is there, then run the same command again: what was stored already is recognised.",
    retryable: true,
  },
  // Replays and dead letters.
  replay_topic_not_read: {
    title: "The connector does not read the topic that is to be replayed.",
    remedy: "Choose one of the topics that it reads, or give its configuration this one first.",
    retryable: false,
  },
  replay_sink_tells: {
    title: "The connector tells people what it stores, and they have been told.",
    remedy: "hailstream endpoints replay sends deliveries again that an endpoint has missed.",
    retryable: false,
  },
  replay_may_revive: {
    title: "The connector deletes rows by tombstones, and those behind the end of the range would not be replayed.",
    remedy:
      "Leave --to out, so that all tombstones are replayed, too, or give --revive where deleted rows may come back.",
    retryable: false,
  },
  replay_range_cut: {
    title: "Kafka no longer has all that arrived in the range.",
    remedy:
      "Replay what is whole by a later --from, or what is left with --partial; what is gone comes back from a backup of the table or the files of the lake only.",
    retryable: false,
  },
  dry_run_table_missing: {
    title: "The table that the records would go to is not there, and a dry run makes none.",
    remedy: "Run it without --dry-run, which makes the connector's tables first, or start the connector once.",
    retryable: false,
  },
  dlq_letter_unknown: {
    title: "There is no such dead letter.",
    remedy: "Give an id as hailstream dlq list shows it, or choose letters by filters, such as --event-id.",
    retryable: false,
  },
  dlq_consumer_unknown: {
    title: "No sink of this program stores for the consumer that the dead letter belongs to.",
    remedy:
      "Run the command with the options of the process that has the consumer (--sinks-connectors-dir, --sinks-group-id and so on); letters of the lake and of connectors that were deleted stay as they are.",
    retryable: false,
  },
  dlq_flow_unknown: {
    title: "The dead letter belongs to no flow of this program, or to one of several that it does not tell apart.",
    remedy:
      "Run the command with the options of the process that had the flow (--stream-topology, --stream-alerts-dir).",
    retryable: false,
  },
  dlq_flow_remembers: {
    title: "The dead letter belongs to a processor with memory, to which the order of its records matters.",
    remedy:
      "Rebuild the processor once it can read the record: hailstream reprocess reads its topic again, in order, and corrects what it told.",
    retryable: false,
  },
  dlq_rows_behind: {
    title:
      "A connector keeps a row a key from the topic that the record would go to, where an old record would take the place of a newer one.",
    remedy: "Make sure that no newer event of its key was stored, then redrive the letter with --overwrite.",
    retryable: false,
  },
  dlq_running: {
    title: "Another command is redriving the dead letters of processors at this moment.",
    remedy: "Run the command again when the other one has ended.",
    retryable: true,
  },
  dlq_time_unknown: {
    title: "The dead letter does not say when its record came to Kafka, and the rows of its connector depend on that.",
    remedy:
      "It is from before this was kept: set the connector's offset back to the one that hailstream dlq show prints, which reads the record again.",
    retryable: false,
  },
  dlq_key_may_be_deleted: {
    title:
      "The connector deletes rows by tombstones, and nobody can tell whether one has deleted the letter's key since.",
    remedy:
      "Make sure that the key should have a row, then redrive the letter with --revive: a row that is newer stays as it is.",
    retryable: false,
  },
  // Keys.
  api_key_not_found: {
    title: "There is no such API key.",
    remedy: "Give the id or the name of a key; hailstream keys list shows them.",
    retryable: false,
  },
  api_key_ambiguous: {
    title: "Several API keys have this name.",
    remedy: "Give the id of one; hailstream keys list shows them.",
    retryable: false,
  },
  api_key_exists: {
    title: "The app has a valid API key of this stage.",
    remedy: "Exchange it with hailstream keys rotate, or choose another name.",
    retryable: false,
  },
  api_key_ended: {
    title: "The API key is not valid any more.",
    remedy: "Make a new one with hailstream keys create.",
    retryable: false,
  },
  device_key_not_found: {
    title: "There is no such device key.",
    remedy: "Give the kid of a key; hailstream keys device-key list shows them.",
    retryable: false,
  },
  keys_file_missing: {
    title: "There is no file of keys here.",
    remedy:
      "Start a stack in this --data-dir first, name another file with --keys-file, or make one: hailstream keys create, hailstream keys device-key create.",
    retryable: false,
  },
  keys_file_locked: {
    title: "Another command is changing the file of keys.",
    remedy: "Try again. When no other command runs, one was killed: remove the file that the message names.",
    retryable: true,
  },
  // Runtime.
  service_started_twice: {
    title: "A service was started twice.",
    remedy: "This is a bug of the program: report it.",
    retryable: false,
  },
  port_taken: {
    title: "The port is in use by another program.",
    remedy: "Stop that program or choose another port with the option that the message names.",
    retryable: false,
  },
  tls_files_unusable: {
    title: "The files of the TLS certificate and its key cannot be read, or do not belong together.",
    remedy:
      "Give files in PEM that the process may read: the certificate chain and the private key of its first certificate.",
    retryable: false,
  },
  // Local stack.
  local_artefact_missing: {
    title: "A part of the local stack is not installed.",
    remedy: "Run node local/setup.mjs (npm start and npm test do it by themselves).",
    retryable: false,
  },
  local_java_unusable: {
    title: "Kafka and the registry need Java 17 or newer.",
    remedy:
      "Install it (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk) or set JAVA_HOME.",
    retryable: false,
  },
  local_start_failed: {
    title: "A part of the local stack did not start.",
    remedy: "Read the log file that the message names; hailstream doctor checks the usual causes.",
    retryable: false,
  },
  local_data_in_use: {
    title: "Another process uses the data directory.",
    remedy: "Stop the other stack with hailstream down, or choose another directory with --data-dir.",
    retryable: false,
  },
  local_disk_full: {
    title: "There is no room left on the disk of the data directory.",
    remedy: "Free some space, or choose a directory on another disk with --data-dir.",
    retryable: false,
  },
  local_root_refused: {
    title: "Postgres does not run as root, and no other user could be taken.",
    remedy: "Run as an ordinary user, or give a Postgres of your own with --postgres-url.",
    retryable: false,
  },
  worker_ended: {
    title: "One of the processes of a station ended by itself.",
    remedy:
      "Read its last words in the log. The others were stopped; whatever supervises the station starts all of them again.",
    retryable: true,
  },
  // Files and directories of the front door.
  spool_in_use: {
    title: "Another process uses the directory of the disk spool.",
    remedy: "Stop the other server, or give this one a directory of its own with --ingest-data-dir.",
    retryable: false,
  },
  spool_unusable: {
    title: "The directory of the disk spool cannot be used.",
    remedy: "Make sure that the process may read and write the directory that the message names (--ingest-data-dir).",
    retryable: false,
  },
  duplicate_window_unusable: {
    title: "The directory of the window of duplicates cannot be used.",
    remedy: "Make sure that the process may read and write the directory that the message names (--ingest-data-dir).",
    retryable: false,
  },
  api_keys_unreadable: {
    title: "The file of the API keys cannot be read.",
    remedy: "Correct the line that the message names; docs/identity.md shows what the file holds.",
    retryable: false,
  },
  device_keys_unreadable: {
    title: "The file of the device keys cannot be read.",
    remedy: "Correct the line that the message names; hailstream keys device-key create makes the file.",
    retryable: false,
  },
  micro_command_failed: {
    title: "The command that hailstream micro was to run cannot be started.",
    remedy:
      "Name a program that can be found, with its arguments, behind the two dashes: hailstream micro -- npm test.",
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;
