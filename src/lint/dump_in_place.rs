//! Backups that look whole when they are not.

use super::script::Script;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "dump-in-place",
    severity: Severity::Warning,
    message: "the dump is written where the last good one stands",
    help: "write it beside, check it (`pg_restore --list`, its size), and rename it: a dump that broke off then never looks like a backup",
    lifted: Lifted::Quiet,
    bad: "\
#!/bin/sh
set -eu
pg_dump -Fc shop >shop.dump
",
    good: "\
#!/bin/sh
set -eu
pg_dump -Fc shop >shop.dump.new
pg_restore --list shop.dump.new >/dev/null
mv shop.dump.new shop.dump
",
    check: Check::Script(check),
};

fn check(script: &Script<'_>, found: &mut Found<'_>) {
    const DUMPS: &[&str] = &["pg_dump", "pg_dumpall", "mysqldump", "mariadb-dump", "mongodump"];
    if script.commands.iter().any(|it| it.program() == "mv") {
        return;
    }
    let dumps =
        |it: &&super::shell::Command| it.words.iter().any(|it| DUMPS.contains(&it.rsplit('/').next().unwrap_or(it)));
    let writes = |it: &&super::shell::Command| {
        it.redirects.iter().any(|(operator, target)| operator.starts_with('>') && !target.starts_with("/dev/"))
    };
    for command in script.commands.iter().filter(dumps).filter(writes) {
        found.at(&command.bytes);
    }
}
