//! Pipes whose left side can fail unseen.

use super::script::Script;
use super::shell::{Command, Join};
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "hidden-pipe-failure",
    severity: Severity::Error,
    message: "a failure left of this pipe goes unseen",
    help: "write into a file beside the target, check it, and rename it: `pg_dump … >dump.new && gzip dump.new && mv …`; sh only looks at the last command of a pipe",
    lifted: Lifted::Quiet,
    bad: "\
#!/bin/sh
set -eu
pg_dump shop | gzip >shop.gz
",
    good: "\
#!/bin/sh
set -eu
pg_dump shop >shop.new
gzip shop.new
mv shop.new.gz shop.gz
",
    check: Check::Script(check),
};

/// Programs whose output is worth nothing if they failed halfway.
const PRODUCERS: &[&str] = &[
    "age",
    "aws",
    "borg",
    "clickhouse-client",
    "curl",
    "docker",
    "git",
    "gpg",
    "gunzip",
    "gzip",
    "kubectl",
    "mariadb-dump",
    "mongodump",
    "mysqldump",
    "openssl",
    "pg_basebackup",
    "pg_dump",
    "pg_dumpall",
    "podman",
    "psql",
    "rclone",
    "redis-cli",
    "restic",
    "rsync",
    "sqlite3",
    "ssh",
    "tar",
    "wget",
    "xz",
    "zcat",
    "zstd",
];

fn check(script: &Script<'_>, found: &mut Found<'_>) {
    if script.sets('\0', "pipefail") {
        return;
    }
    for command in script.commands.iter().filter(|it| it.next == Join::Pipe && is_producer(it)) {
        found.say(&command.bytes, format!("if `{}` fails here, nobody notices", command.program()));
    }
}

/// Whether what it writes is kept, and not only looked at.
fn is_producer(command: &Command) -> bool {
    let asks = matches!(
        command.verb(),
        "ps" | "inspect" | "images" | "ls" | "version" | "info" | "config" | "rev-parse" | "status" | "x509" | "rand"
    );
    PRODUCERS.contains(&command.program()) && !asks && !command.led_by("if")
}
