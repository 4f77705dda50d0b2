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

/// What interprets an entrypoint, by the end of its name.
const INTERPRETERS: [(&str, &str); 3] = [("sh", "sh"), ("py", "python3"), ("mjs", "node")];

/// The entrypoint of the service `api` of [`BASE`] in each language, in a folder that stands for /run/secrets; for a
/// machine that lacks an interpreter, without that one.
fn entrypoints() -> Vec<(&'static str, Sandbox)> {
    let runs = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|it| it.status.success());
    let can = |program: &str| match program {
        "sh" => true,
        // Before 22.15 it cannot put another program into its place.
        "node" => {
            let can = ["-e", "process.exit(process.execve ? 0 : 1)"];
            Command::new(program).args(can).status().is_ok_and(|it| it.success())
        }
        other => runs(other),
    };
    let stack = include_str!("../../../templates/stacks/python/stack.yaml");
    let mut all = Vec::new();
    for (language, program) in INTERPRETERS.into_iter().filter(|(_, it)| can(it)) {
        let own = format!(
            "facts:\n  entrypoint: {{ template: docker-entrypoint.{language}.j2, command: [{program}, it] }}\n"
        );
        let sandbox = Sandbox::new("entrypoint").file("forge.yaml", BASE).folder("run");
        let contexts = BASE.split("context: ./").skip(1).filter_map(|it| it.split([',', ' ', '\n']).next());
        let sandbox = contexts.fold(sandbox, |sandbox, it| sandbox.folder(it));
        let sandbox = sandbox.file("forge-templates/stacks/python/stack.yaml", stack.replacen("facts:\n", &own, 1));
        let ended = sandbox.run(&["generate"]);
        assert!(ended.code == 0, "{}", ended.text());
        let script = sandbox.read(&format!("api/docker-entrypoint.{language}"));
        sandbox.write("it", script.replace("/run/secrets", &sandbox.path("run").to_string_lossy()));
        all.push((program, sandbox));
    }
    all
}

#[test]
fn the_entrypoint_brings_secrets_of_any_bytes_to_the_program() {
    for (program, sandbox) in entrypoints() {
        for secret in
            all().filter(|it| it.len() < 10_000 && !it.contains('\0') && !it.trim_end_matches('\n').is_empty())
        {
            // A file that somebody made with an editor ends with a line end, which is not meant.
            let secret = secret.trim_end_matches('\n');
            sandbox.write("run/ATOKEN", secret);
            sandbox.write("run/BANK_PASSWORD", secret);
            sandbox.write("run/BUCKET_PASSWORD", secret);
            let mut command = sh(program, &sandbox.path("it"));
            command
                .args(["printenv", "-0", "ATOKEN_VALUE", "BANK_URL"])
                .env("BANK_URL", "postgresql://auser@bank:5432/abank");
            let ended = end(command);
            // Letters and digits alone stay as they are; a shell encodes all bytes of what has others.
            let is_plain = secret.bytes().all(|it| it.is_ascii_alphanumeric());
            let encoded = |it: u8| match it {
                it if it.is_ascii_alphanumeric() && (is_plain || program != "sh") => char::from(it).to_string(),
                it => format!("%{it:02x}"),
            };
            let url: String = secret.bytes().map(encoded).collect();
            let wanted = format!("{secret}\0postgresql://auser:{url}@bank:5432/abank\0");
            assert!(
                ended.code == 0 && ended.stdout == wanted,
                "{program}: {:?}: {ended:?}",
                secret.chars().take(40).collect::<String>()
            );
        }
    }
}

#[test]
fn the_entrypoint_names_all_that_is_missing_and_what_never_answers() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    // Nobody listens there: it was given back.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port is free");
    for (program, sandbox) in entrypoints() {
        let run = |places: &str, timeout: &str| {
            let mut command = sh(program, &sandbox.path("it"));
            // The probe of an image of Python has its name for it.
            command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", sandbox.path("bin").display()));
            command.args(["echo", "started"]).env("WAIT_FOR", places).env("WAIT_TIMEOUT", timeout);
            end(command)
        };
        sandbox.write("bin/python", "#!/bin/sh\nexec python3 \"$@\"\n");
        sandbox.set_mode("bin/python", 0o755);
        sandbox.write("run/BANK_PASSWORD", "");
        sandbox.write("run/BUCKET_PASSWORD", "a");
        let said = run("", "5");
        let folder = sandbox.path("run").display().to_string();
        let message = format!("missing or empty: {folder}/ATOKEN {folder}/BANK_PASSWORD");
        assert!(said.code == 1 && said.stderr.contains(&message) && said.stdout.is_empty(), "{program}: {said:?}");
        sandbox.write("run/ATOKEN", "a");
        sandbox.write("run/BANK_PASSWORD", "b");
        let said = run(&format!("127.0.0.1:{port}"), "5");
        assert!(said.code == 0 && said.stdout == "started\n", "{program}: {said:?}");
        let said = run(&format!("127.0.0.1:{port} {silent}"), "1");
        let message = format!("{silent} takes no connection, after 1 s (WAIT_TIMEOUT)");
        assert!(said.code == 1 && said.stderr.contains(&message) && said.stdout.is_empty(), "{program}: {said:?}");
        let said = run("", "soon");
        assert!(
            said.code == 1 && said.stderr.contains("WAIT_TIMEOUT=soon is no number of seconds"),
            "{program}: {said:?}"
        );
    }
}
