//! Programs that could rewrite themselves.

use super::dockerfile::{Dockerfile, Instruction};
use super::shell::Command;
use super::{Check, Found, Lifted, Rule};
use crate::diagnostic::Severity;

pub(super) static RULE: Rule = Rule {
    name: "app-code-writable",
    severity: Severity::Warning,
    message: "the application's code belongs to the user it runs as",
    help: "leave the code to root, readable for all, and give the application only the folders that it writes to (`install -d -o 10001 -g 10001 /app/uploads`): an intruder can then not change what runs next",
    lifted: Lifted::Quiet,
    bad: "\
FROM node:24-slim
COPY --chown=10001:10001 . /app
USER 10001:10001
",
    good: "\
FROM node:24-slim
COPY . /app
USER 10001:10001
",
    check: Check::Dockerfile(check),
};

fn check(dockerfile: &Dockerfile<'_>, found: &mut Found<'_>) {
    let Some((_, last)) = dockerfile.last() else { return };
    let name = |it: &str| dockerfile.expand(it).split(':').next().unwrap_or("").to_owned();
    let user = dockerfile.final_one("USER").map(|it| name(it.text.trim())).unwrap_or_default();
    let workdirs: Vec<String> =
        last.iter().filter(|it| it.name == "WORKDIR").map(|it| it.text.trim().to_owned()).collect();
    for instruction in last {
        let gives_away = match instruction.name.as_str() {
            "COPY" if is_empty_folder(instruction) => false,
            "COPY" | "ADD" => {
                instruction.flag("chown").is_some_and(|it| !user.is_empty() && name(it) == user) || is_open(instruction)
            }
            "RUN" => instruction.commands.iter().any(|it| opens(it, &user, &workdirs)),
            _ => false,
        };
        if gives_away {
            found.at(&instruction.head);
        }
    }
}

/// Whether it is a folder for a volume, which another stage made below `/folders` because this one has no shell.
fn is_empty_folder(instruction: &Instruction<'_>) -> bool {
    let mut words = instruction.text.split_whitespace().filter(|it| !it.starts_with("--"));
    instruction.flag("from").is_some() && words.next().is_some_and(|it| it.starts_with("/folders/"))
}

/// Whether what is copied becomes writable for all.
fn is_open(instruction: &Instruction<'_>) -> bool {
    instruction
        .flag("chmod")
        .is_some_and(|it| it.ends_with(['2', '3', '6', '7']) && it.chars().all(|it| it.is_ascii_digit()))
}

/// Whether a command gives the whole of the working folder away.
fn opens(command: &Command, user: &str, workdirs: &[String]) -> bool {
    let args: Vec<&String> = command.args().iter().filter(|it| !it.starts_with('-')).collect();
    let [how, targets @ ..] = args.as_slice() else { return false };
    let on_code = || targets.iter().any(|it| *it == "." || workdirs.iter().any(|dir| dir == it.trim_end_matches('/')));
    match command.program() {
        "chmod" => matches!(how.as_str(), "777" | "0777" | "a+w" | "a+rwx" | "ugo+rwx" | "o+w"),
        "chown" => {
            !user.is_empty()
                && how.split([':', '.']).next() == Some(user)
                && command.has(&["-R", "--recursive"])
                && on_code()
        }
        _ => false,
    }
}
