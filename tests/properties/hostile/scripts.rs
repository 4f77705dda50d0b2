//! Scripts with hostile texts in them, run.

use std::fs;
use std::io::Write as _;
use std::path::Path as FilePath;
use std::process::{Command, Stdio};

use super::super::{Outcome, outcome, yaml};
use super::table::BASE;
use super::texts::all;
use super::{Way, spec_with};
use crate::sandbox::{Sandbox, end};

fn sh(script: &str, path: &FilePath) -> Command {
    let mut command = Command::new(script);
    command.arg(path).env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    command
}

/// What a shell says that reads `script` without running it.
pub(super) fn unreadable(script: &str) -> Option<String> {
    let mut shell = Command::new("sh");
    let shell = shell.arg("-n").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut shell = shell.expect("a shell is there");
    // It ends early where it does not like what it reads.
    let _ = shell.stdin.take().expect("it is piped").write_all(script.as_bytes());
    let said = shell.wait_with_output().expect("it ends");
    (!said.status.success()).then(|| String::from_utf8_lossy(&said.stderr).into_owned())
}

#[test]
fn the_secrets_script_says_what_is_missing_in_the_words_of_the_spec() {
    for text in all().filter(|it| it.len() < 100) {
        let (spec, _) = spec_with(&["secrets.ATOKEN.supplied"], text, Way::Spec);
        let Outcome::Files(files) = outcome(&yaml(&spec, 0)) else { continue };
        let sandbox = Sandbox::new("words")
            .folder("backings")
            .folder("secrets")
            .file("scripts/secrets", &files["scripts/secrets"].text);
        let ended = end(sh("sh", &sandbox.path("scripts/secrets")));
        let line = format!("MISSING   secrets/ATOKEN: {text}\n");
        assert!(ended.code == 1 && ended.stderr.contains(&line), "{text:?}: {ended:?}");
        assert_eq!(fs::read(sandbox.path("secrets/ABC")).expect("it was generated").len(), 50);
    }
}

#[test]
fn the_entrypoint_brings_secrets_of_any_bytes_to_the_program() {
    let Outcome::Files(files) = outcome(BASE) else { panic!("the spec of this test is valid") };
    let sandbox = Sandbox::new("entrypoint");
    let script = files["api/docker-entrypoint.sh"].text.replace("/run/secrets", &sandbox.path("").to_string_lossy());
    sandbox.write("docker-entrypoint.sh", script);
    for secret in all().filter(|it| it.len() < 10_000 && !it.contains('\0') && !it.trim_end_matches('\n').is_empty()) {
        // A file that somebody made with an editor ends with a line end, which is not meant.
        let secret = secret.trim_end_matches('\n');
        sandbox.write("ATOKEN", secret);
        sandbox.write("BANK_PASSWORD", secret);
        let mut command = sh("sh", &sandbox.path("docker-entrypoint.sh"));
        command
            .args(["printenv", "-0", "ATOKEN_VALUE", "BANK_URL"])
            .env("BANK_URL", "postgresql://auser@bank:5432/abank");
        let ended = end(command);
        let url: String = secret.bytes().map(|it| format!("%{it:02x}")).collect();
        let wanted = format!("{secret}\0postgresql://auser:{url}@bank:5432/abank\0");
        assert!(
            ended.code == 0 && ended.stdout == wanted,
            "{:?}: {ended:?}",
            secret.chars().take(40).collect::<String>()
        );
    }
}
