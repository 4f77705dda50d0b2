//! Long answers for somebody at a terminal go through a pager, as with git.

use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use super::{Failure, Shell};

/// What a shell says when it finds no such program.
const NOT_FOUND: i32 = 127;

impl Shell<'_> {
    /// Writes the answer through the pager that `FORGE_PAGER` or `PAGER` names, or `less`; straight where the answer goes to
    /// no terminal, or there is no such program.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn answer_paged(&mut self, text: &str) -> Result<(), Failure> {
        let command = |name: &str| std::env::var(name).ok();
        let pager = command("FORGE_PAGER").or_else(|| command("PAGER")).unwrap_or_else(|| "less".to_owned());
        let is_plain = pager.trim().is_empty() || pager.trim() == "cat";
        if text.is_empty() || is_plain || !std::io::stdout().is_terminal() || !paged(&pager, text) {
            return self.answer(text);
        }
        Ok(())
    }
}

/// Shows a text in a pager; whether there was one.
fn paged(pager: &str, text: &str) -> bool {
    // A pager is a command line, as in `less -S`.
    let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut command = Command::new(shell);
    command.args([option, pager]).stdin(Stdio::piped()).stderr(Stdio::null());
    // As git does: end at once if all fits on the screen, keep colours, leave the text there.
    for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        // Who closes the pager before its end has seen enough.
        let _ = stdin.write_all(text.as_bytes());
    }
    child.wait().is_ok_and(|it| it.code() != Some(NOT_FOUND))
}
