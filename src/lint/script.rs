//! A shell script as lines and commands.

use std::ops::Range;

use super::shell::{self, Command};

/// A script that was read.
pub(super) struct Script<'a> {
    /// All of it.
    pub(super) text: &'a str,
    /// The program that its first line names, with what follows: `/bin/sh -e`.
    pub(super) shebang: Option<&'a str>,
    /// Its first line.
    pub(super) head: Range<usize>,
    /// Its commands; none where it is another language's.
    pub(super) commands: Vec<Command>,
}

impl Script<'_> {
    /// Whether the shell of its first line reads it. Without a first line, any shell may.
    pub(super) fn is_shell(&self) -> bool {
        self.shell().is_none_or(|it| matches!(it, "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh"))
    }

    /// Whether nothing but what POSIX has can be relied on.
    pub(super) fn is_posix(&self) -> bool {
        self.shell().is_none_or(|it| matches!(it, "sh" | "dash" | "ash"))
    }

    /// The name of the program of the first line: `bash` of `/usr/bin/env bash`.
    pub(super) fn shell(&self) -> Option<&str> {
        let mut words = self.shebang?.split_whitespace().map(|it| it.rsplit('/').next().unwrap_or(it));
        let first = words.next()?;
        if first == "env" { words.find(|it| !it.starts_with('-')) } else { Some(first) }
    }

    /// Whether `set` switches this option on: a letter, or a name after `-o`.
    pub(super) fn sets(&self, letter: char, name: &str) -> bool {
        let in_first_line = self.shebang.into_iter().flat_map(str::split_whitespace).skip(1);
        let by_set = self.commands.iter().filter(|it| it.program() == "set").flat_map(Command::args);
        let short = |it: &str| it.starts_with('-') && !it.starts_with("--") && it.contains(letter);
        in_first_line.clone().any(short) || by_set.map(String::as_str).any(|it| short(it) || it == name)
    }
}

/// Reads any text.
pub(super) fn read(text: &str) -> Script<'_> {
    let first = text.lines().next().unwrap_or("");
    let shebang = first.strip_prefix("#!").map(str::trim);
    let mut script = Script { text, shebang, head: 0..first.len(), commands: Vec::new() };
    if script.is_shell() {
        script.commands = shell::commands(text, 0);
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_wherever_they_are_set() {
        for (text, sets) in [
            ("set -eu\n", true),
            ("#!/bin/sh -eu\n", true),
            ("set -o errexit -o nounset\n", true),
            ("set -u\n", false),
            ("echo -e\n", false),
        ] {
            assert_eq!(read(text).sets('e', "errexit"), sets, "{text}");
        }
    }

    #[test]
    fn another_language_has_no_commands() {
        assert!(read("#!/usr/bin/env python3\nimport os\n").commands.is_empty());
        assert_eq!(read("#!/usr/bin/env -S bash -e\n").shell(), Some("bash"));
    }
}
