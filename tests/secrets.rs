//! `scripts/secrets`, run by dash and bash in a folder of its own: what it makes, asks for, refuses and changes.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::sandbox::{Ended, Sandbox};
use crate::skipped::skipped;

const SPEC: &str = r#"forge: 1
name: shop
services:
  api:
    build: { stack: python, context: ./api }
    command: [python, -m, app]
    port: 8000
    secrets: [HEX, LETTERS, PIN, URLSAFE, TOKEN, USERS]
secrets:
  HEX: { generate: {} }
  LETTERS: { generate: { length: 64, alphabet: alphanumeric } }
  PIN: { generate: { length: 16, alphabet: digits } }
  URLSAFE: { generate: { length: 4096, alphabet: base64url } }
  TOKEN: { supplied: "the token of the bank" }
  USERS: { supplied: "who may see the console", format: htpasswd }
environments:
  staging: { overlay: { services: { api: { secrets: null } } } }
"#;

/// bcrypt of `password` with cost 10, as `htpasswd -nB -C 10` prints it.
const USERS: &str = "ann:$2y$10$abcdefghijklmnopqrstuuWl7Xn1kQH5d0bq1Lq9YwQ8Jm0r9sYbK\n";

const SHELLS: [&str; 2] = ["dash", "bash"];

fn project(name: &str, spec: &str) -> Sandbox {
    let sandbox = Sandbox::new(name).file("forge.yaml", spec).file("api/requirements.txt", "");
    sandbox.generate();
    sandbox
}

/// The script with these words, and this on its standard input. There is no engine for it.
fn script(shell: &str, sandbox: &Sandbox, words: &[&str], input: &[u8]) -> Ended {
    let mut command = Command::new(format!("/bin/{shell}"));
    command.arg(sandbox.path("scripts/secrets")).args(words).env("PATH", sandbox.path("bin"));
    fed(command, input)
}

fn fed(mut command: Command, input: &[u8]) -> Ended {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("a shell is there");
    let mut pipe = child.stdin.take().expect("it is piped");
    let bytes = input.to_vec();
    // It may end before it has read all.
    let feeder = std::thread::spawn(move || drop(pipe.write_all(&bytes)));
    let output = child.wait_with_output().expect("it ends");
    feeder.join().expect("nothing in it panics");
    let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    Ended { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// A folder with the programs that the script may use, and no `docker`.
fn with_tools(sandbox: Sandbox) -> Sandbox {
    let tools = [
        "awk", "cat", "chmod", "cmp", "cut", "dirname", "find", "flock", "grep", "head", "ln", "mkdir", "mv", "od",
        "openssl", "printf", "rm", "rmdir", "sed", "sh", "sleep", "stty", "tail", "tr", "wc",
    ];
    std::fs::create_dir_all(sandbox.path("bin")).expect("a folder in a temporary folder");
    for tool in tools {
        let found = ["/usr/bin", "/bin", "/usr/local/bin"].map(|it| std::path::Path::new(it).join(tool));
        let Some(found) = found.into_iter().find(|it| it.exists()) else { continue };
        std::os::unix::fs::symlink(found, sandbox.path("bin").join(tool)).expect("a link in a temporary folder");
    }
    sandbox
}

fn supply(sandbox: &Sandbox, name: &str, value: &str) {
    let _ = std::fs::remove_file(sandbox.path("secrets").join(name));
    sandbox.write(&format!("secrets/{name}"), value);
    sandbox.set_mode(&format!("secrets/{name}"), 0o444);
}

#[test]
fn what_is_made_has_its_length_and_alphabet_and_stays() {
    let sandbox = with_tools(project("made", SPEC));
    for shell in SHELLS {
        let said = script(shell, &sandbox, &[], b"");
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.stderr.contains("MISSING   secrets/TOKEN: the token of the bank\n"), "{said:?}");
        let of = |name: &str, length: usize, fits: fn(char) -> bool| {
            let value = sandbox.read(&format!("secrets/{name}"));
            assert!(value.len() == length && value.chars().all(fits), "{name}: {value}");
            assert_eq!(sandbox.mode(&format!("secrets/{name}")) & 0o777, 0o444);
            value
        };
        let made = [
            of("HEX", 48, |it| it.is_ascii_digit() || ('a'..='f').contains(&it)),
            of("LETTERS", 64, |it| it.is_ascii_alphanumeric()),
            of("PIN", 16, |it| it.is_ascii_digit()),
            of("URLSAFE", 4096, |it| it.is_ascii_alphanumeric() || "-_".contains(it)),
        ];
        // All 64 characters are among so many.
        assert_eq!(made[3].chars().collect::<std::collections::BTreeSet<_>>().len(), 64);
        assert_eq!(sandbox.mode("secrets") & 0o777, 0o700);
        let said = script(shell, &sandbox, &["init"], b"");
        assert!(said.code == 1 && !said.stdout.contains("made"), "{said:?}");
        assert_eq!(["HEX", "LETTERS", "PIN", "URLSAFE"].map(|it| sandbox.read(&format!("secrets/{it}"))), made);
        let said = script(shell, &sandbox, &["--env", "staging"], b"");
        assert!(said.code == 0 && said.stderr.is_empty(), "staging has none: {said:?}");
        for name in ["HEX", "LETTERS", "PIN", "URLSAFE"] {
            std::fs::remove_file(sandbox.path(&format!("secrets/{name}"))).expect("it is there");
        }
    }
}

#[test]
fn words_that_mean_nothing_are_refused() {
    let sandbox = with_tools(project("words", SPEC));
    let cases: [(&[&str], &str); 18] = [
        (&["staging"], "an environment goes behind --env: scripts/secrets --env staging\n"),
        (&["stagin"], "no such command: stagin. There are init, check, rotate and list\n"),
        (&["chek"], "no such command: chek; did you mean check?"),
        (&["rotat", "HEX"], "no such command: rotat; did you mean rotate?"),
        (
            &["check", "--env", "stagin"],
            "no such environment: stagin; did you mean staging? There are production, staging\n",
        ),
        (&["check", "--env=Staging"], "no such environment: Staging; did you mean staging?"),
        (&["check", "--env", "b\\n$(x)"], "no such environment: b\\n$(x). There are production"),
        (&["rotate", "LETTRS"], "production has no secret LETTRS; did you mean LETTERS?"),
        (&["check", "--env"], "--env wants the name of an environment"),
        (&["check", "staging"], "an environment goes behind --env"),
        (&["rotate"], "which secret?"),
        (&["rotate", "HXE"], "production has no secret HXE. `scripts/secrets list` names them"),
        (&["rotate", "HEX", "more"], "one word too many: more"),
        (&["init", "--stdin"], "which secret?"),
        (&["init", "--same", "HEX"], "`init` takes no such option"),
        (&["list", "--stdin", "HEX"], "`list` takes no such option"),
        (&["rotate", "HEX", "--stdin", "--same"], "--stdin brings a value"),
        (&["--force"], "no such option: --force"),
    ];
    for shell in SHELLS {
        for (words, why) in cases {
            let said = script(shell, &sandbox, words, b"");
            assert!(said.code == 2 && said.stderr.contains(why), "{words:?}: {said:?}");
        }
        let said = script(shell, &sandbox, &["--help"], b"");
        assert!(said.code == 0 && said.stdout.contains("scripts/secrets rotate NAME --same"), "{said:?}");
    }
}

#[test]
fn a_value_from_standard_input_is_taken_whole_or_refused() {
    let sandbox = with_tools(project("stdin", SPEC));
    let key = "-----BEGIN KEY-----\nabcd\n-----END KEY-----\n";
    let whole = "k3".repeat(1 << 19);
    let long = format!("{whole}k");
    let taken: [(&str, &str); 6] = [
        ("s3cr3t value", "s3cr3t value"),
        ("s3cr3t\n", "s3cr3t"),
        ("s3cr3t\r\n\n", "s3cr3t"),
        (key, key),
        (&key.replace("-----END KEY-----\n", "-----END KEY-----\n\n\n"), key),
        (&whole, &whole),
    ];
    let refused =
        [("", "it is empty"), ("\n\n", "it is empty"), (&long, "more than 1 MiB"), ("Change-Me\n", "it is an example")];
    for shell in SHELLS {
        for (input, wanted) in taken {
            let said = script(shell, &sandbox, &["init", "--stdin", "TOKEN"], input.as_bytes());
            assert_eq!(said.code, 0, "{said:?}");
            let found = sandbox.read("secrets/TOKEN");
            assert!(found == wanted, "{} bytes of {}", found.len(), wanted.len());
            let said = script(shell, &sandbox, &["init", "--stdin", "TOKEN"], b"another");
            assert!(said.code == 1 && said.stderr.contains("there is one"), "{said:?}");
            std::fs::remove_file(sandbox.path("secrets/TOKEN")).expect("it was made");
        }
        for (input, why) in refused {
            let said = script(shell, &sandbox, &["init", "--stdin", "TOKEN"], input.as_bytes());
            assert!(said.code == 1 && said.stderr.contains(why), "{said:?}");
            assert!(!sandbox.path("secrets/TOKEN").exists());
        }
        let said = script(shell, &sandbox, &["init", "--stdin", "HEX"], b"abc");
        assert!(said.code == 1 && said.stderr.contains("48 characters (hex)"), "{said:?}");
        assert!(!said.stderr.contains("abc"), "{said:?}");
    }
}

#[test]
fn check_refuses_what_is_no_value_and_shows_none() {
    let sandbox = with_tools(project("check", SPEC));
    let hex = "0123456789abcdef".repeat(3);
    let sound: [(&str, String); 6] = [
        ("HEX", hex.clone()),
        ("LETTERS", "aZ09".repeat(16)),
        ("PIN", "4821937465019283".into()),
        ("URLSAFE", "aB-_".repeat(1024)),
        ("TOKEN", "ghp_fZ81lq".into()),
        ("USERS", USERS.into()),
    ];
    let bcrypt = |cost: &str| USERS.replace("$10$", &format!("${cost}$"));
    let sha512 = format!("bob:$6$saltsalt${}\n", "a./".repeat(28) + "aa");
    let wrong: Vec<(&str, String, &str)> = vec![
        ("HEX", hex[1..].into(), "it is not what is made here"),
        ("HEX", hex.to_uppercase(), "it is not what is made here"),
        ("HEX", String::new(), "it is empty"),
        ("HEX", "\n".into(), "it is empty"),
        ("TOKEN", "CHANGE_ME".into(), "it is an example"),
        ("TOKEN", "<password>".into(), "it is an example"),
        ("TOKEN", "xxxxxxxx".into(), "it is an example"),
        ("TOKEN", "your-token-here".into(), "it is an example"),
        ("TOKEN", "The token of the bank.".into(), "it is an example"),
        ("TOKEN", "token".into(), "it is an example"),
        ("TOKEN", "...".into(), "it is an example"),
        ("USERS", "# nobody\n\n".into(), "no line in it has a user"),
        ("USERS", "ann\n".into(), "line 1 has no user before a colon"),
        ("USERS", format!("{USERS}bob:plain\n"), "line 2 has no hash that is safe"),
        ("USERS", "ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n".into(), "line 1 has no hash that is safe"),
        ("USERS", "ann:rOtyxCPjNQwUE\n".into(), "line 1 has no hash that is safe"),
        ("USERS", bcrypt("04"), "too cheap"),
        ("USERS", bcrypt("11"), "takes nginx too long"),
        ("USERS", bcrypt("10").replace("sYbK", "sYb"), "not whole"),
        ("USERS", format!("{USERS}{USERS}"), "another line has"),
        ("USERS", USERS.replace('\n', "\r\n"), "as on Windows"),
        ("USERS", sha512.replace("a./", "a.:"), "SHA-512 hash that is not whole"),
    ];
    for shell in SHELLS {
        for (name, value) in &sound {
            supply(&sandbox, name, value);
        }
        sandbox.set_mode("secrets", 0o700);
        let before = sandbox.tree();
        let said = script(shell, &sandbox, &["check"], b"");
        assert_eq!((said.code, said.stdout.as_str()), (0, "all secrets of production are in order\n"), "{said:?}");
        assert_eq!(sandbox.tree(), before, "check changed something");
        for users in
            [bcrypt("08"), bcrypt("10"), sha512.clone(), "# us\n\nann:$apr1$saltsalt$abcdefghijklmnopqrstuv\n".into()]
        {
            supply(&sandbox, "USERS", &users);
            let said = script(shell, &sandbox, &["check"], b"");
            assert_eq!(said.code, 0, "{users}: {said:?}");
        }
        supply(&sandbox, "USERS", USERS);
        for (name, value, why) in &wrong {
            supply(&sandbox, name, value);
            let said = script(shell, &sandbox, &["check"], b"");
            let line = format!("WRONG     secrets/{name}: ");
            assert!(said.code == 1 && said.stderr.contains(&line) && said.stderr.contains(why), "{value:?}: {said:?}");
            assert_eq!(said.stderr.lines().count(), 1, "{value:?}: {said:?}");
            assert!(value.len() < 12 || !said.stderr.contains(value.as_str()), "{said:?}");
            supply(&sandbox, name, &sound.iter().find(|it| it.0 == *name).expect("it is one of them").1);
        }
        sandbox.set_mode("secrets/TOKEN", 0o400);
        sandbox.set_mode("secrets", 0o755);
        let said = script(shell, &sandbox, &["check"], b"");
        assert!(said.stderr.contains("secrets/TOKEN: containers read it as other users"), "{said:?}");
        assert!(said.stderr.contains("other users of this host get in"), "{said:?}");
        std::fs::remove_file(sandbox.path("secrets/TOKEN")).expect("it is there");
        sandbox.write("secrets/TOKEN/x", "");
        let said = script(shell, &sandbox, &["check"], b"");
        assert!(said.stderr.contains("secrets/TOKEN: it is no file"), "{said:?}");
        std::fs::remove_dir_all(sandbox.path("secrets/TOKEN")).expect("it is there");
    }
}

#[test]
fn a_plain_secret_is_changed_whole_and_at_once() {
    let sandbox = with_tools(project("plain", SPEC));
    for shell in SHELLS {
        script(shell, &sandbox, &[], b"");
        let before = sandbox.read("secrets/HEX");
        let said = script(shell, &sandbox, &["rotate", "HEX"], b"");
        assert!(said.code == 0 && said.stdout.contains("changed   secrets/HEX\n"), "{said:?}");
        let after = sandbox.read("secrets/HEX");
        assert!(after.len() == 48 && after != before);
        let said = script(shell, &sandbox, &["rotate", "TOKEN", "--stdin"], b"one\n");
        assert_eq!((said.code, sandbox.read("secrets/TOKEN").as_str()), (0, "one"), "{said:?}");
        let said = script(shell, &sandbox, &["rotate", "TOKEN", "--stdin"], b"one\n");
        assert!(said.code == 0 && said.stdout.contains("the same as before"), "{said:?}");
        let said = script(shell, &sandbox, &["rotate", "TOKEN", "--stdin"], b"password\n");
        assert_eq!((said.code, sandbox.read("secrets/TOKEN").as_str()), (1, "one"), "{said:?}");
        for left in [".new", ".next.HEX", ".next.TOKEN", ".lock.held"] {
            assert!(!sandbox.path("secrets").join(left).exists(), "{left} stayed");
        }
    }
}

#[test]
fn forge_secrets_runs_the_script_as_forge_wrote_it_and_no_other() {
    let sandbox = project("front", SPEC);
    let said = sandbox.run(&["secrets"]);
    assert!(said.code == 1 && said.stderr.contains("MISSING   secrets/TOKEN"), "{}", said.text());
    let said = sandbox.run(&["secrets", "init", "--env", "staging"]);
    assert_eq!(said.code, 0, "{}", said.text());
    let said = sandbox.run(&["secrets", "list"]);
    assert!(
        said.code == 0
            && said
                .stdout
                .contains("is there  HEX\n          made here, 48 characters (hex)\n          read by: api\n"),
        "{}",
        said.text()
    );
    assert_eq!(sandbox.run(&["secrets", "check", "--env", "stagin"]).code, 2);
    let text = sandbox.read("scripts/secrets");
    let own = text.replace("# forge:keep more\n", "# forge:keep more\necho mine\n");
    sandbox.write("scripts/secrets", own);
    let said = sandbox.run(&["secrets", "list"]);
    assert!(said.code == 0 && said.stdout.ends_with("mine\n"), "{}", said.text());
    sandbox.write("scripts/secrets", text.replace("set -eu", "touch pwned; set -eu"));
    let said = sandbox.run(&["secrets", "list"]);
    assert!(said.code == 2 && said.stderr.contains("is not as forge writes it, and was not run"), "{}", said.text());
    assert!(!sandbox.path("pwned").exists());
    std::fs::remove_file(sandbox.path("scripts/secrets")).expect("it is there");
    let said = sandbox.run(&["secrets"]);
    assert!(said.code == 2 && said.stderr.contains("there is no scripts/secrets yet"), "{}", said.text());
    let said = Sandbox::smallest("no-secrets").run(&["secrets"]);
    assert!(said.code == 2 && said.stderr.contains("this project has no secrets"), "{}", said.text());
}

#[test]
fn a_source_is_one_and_a_format_goes_with_it() {
    let refused = |secret: &str, words: &str| {
        let spec = SPEC.replace("HEX: { generate: {} }", secret);
        let said = Sandbox::new("source").file("forge.yaml", spec).file("api/requirements.txt", "").run(&["validate"]);
        assert!(said.code == 1 && said.text().contains(words), "{secret}: {}", said.text());
    };
    refused("HEX: {}", "wants exactly one of");
    refused("HEX: { generate: {}, supplied: words }", "keep one of them");
    refused("HEX: { generate: {}, format: htpasswd }", "nobody looks at the format");
    refused("HEX: { generate: { alphabet: hexa } }", "did you mean `hex`");
    refused("HEX: { generate: { length: 8 } }", "16");
    refused("HEX: { sops: { file: secrets/a.yaml } }", "can lie in `secrets`");
    refused("HEX: { age: { file: ../a.age } }", "without `..`");
    refused("HEX: { vault: { path: alone, key: k } }", "the mount and the path below it");
}

// ---- asked on a terminal ---------------------------------------------------------------------------------------------

/// Runs a program on a terminal, types when it asks and shows nothing, and says how it ended, what was shown, and whether
/// the terminal shows again what is typed.
const TERMINAL: &str = r#"
import fcntl, os, pty, select, subprocess, sys, termios
main, terminal = pty.openpty()
shows = lambda: bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
# the terminal is its own, so that Ctrl-C reaches it
own = lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0))
program = subprocess.Popen(sys.argv[2:], stdin=terminal, stdout=terminal, stderr=terminal, preexec_fn=own)
said, typed = b"", False
while program.poll() is None or select.select([main], [], [], 0.1)[0]:
    if select.select([main], [], [], 0.05)[0]:
        said += os.read(main, 4096)
    if not typed and b"): " in said and not shows():
        os.write(main, sys.argv[1].encode())
        typed = True
sys.stdout.write("exit %d, shows %s\n%s" % (program.wait(), shows(), said.decode().replace("\r\n", "\n")))
"#;

/// What the script says on a terminal where this is typed; `None` where there is no Python to make one.
fn typed(shell: &str, sandbox: &Sandbox, typed: &str) -> Option<String> {
    let mut python = Command::new("python3");
    python.args(["-c", TERMINAL, typed, &format!("/bin/{shell}")]).arg(sandbox.path("scripts/secrets"));
    let Ok(output) = python.stdin(Stdio::null()).output() else {
        skipped("no python3");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// One that is asked for, and one that is not after all.
const ASKED: &str = "forge: 1\nname: shop\nservices:\n  api:\n    build: { stack: python, context: ./api }\n    command: [python, -m, app]\n    port: 8000\n    secrets: [TOKEN]\nsecrets: { TOKEN: { supplied: \"the token of the bank\" } }\n";

#[test]
fn what_is_asked_for_is_not_shown_and_the_terminal_is_left_as_it_was() {
    let sandbox = project("asked", ASKED);
    let pasted = "-----BEGIN KEY-----\nabcd\n-----END KEY-----\n";
    for shell in SHELLS {
        let Some(said) = typed(shell, &sandbox, "it's a \\ \"token\" $5 ü\r\n") else { return };
        assert_eq!(
            said,
            "exit 0, shows True\nTOKEN (the token of the bank): \nmade      secrets/TOKEN\nWhatever runs already keeps what it read, until: docker compose up --detach --wait --force-recreate NAME\n"
        );
        assert_eq!(sandbox.read("secrets/TOKEN"), "it's a \\ \"token\" $5 ü");
        std::fs::remove_file(sandbox.path("secrets/TOKEN")).expect("it was made");
        for (answer, why) in [
            ("\n", "MISSING   secrets/TOKEN: the token of the bank"),
            ("changeme\n", "REFUSED   secrets/TOKEN: it is an example"),
            (pasted, "it has several lines"),
            ("abcd:x\nabcd:y\n", "it has several lines"),
        ] {
            let said = typed(shell, &sandbox, answer).expect("there was one before");
            assert!(said.starts_with("exit 1, shows True\n") && said.contains(why), "{answer:?}: {said}");
            assert!(!said.contains("abcd") && !said.contains("changeme"), "{said}");
            assert!(!sandbox.path("secrets/TOKEN").exists());
        }
        // Ctrl-C
        let said = typed(shell, &sandbox, "half\u{3}").expect("there was one before");
        assert!(said.contains("shows True") && !said.starts_with("exit 0") && !said.contains("half"), "{said}");
        assert!(!sandbox.path("secrets/.new").exists() && !sandbox.path("secrets/TOKEN").exists());
    }
}

// ---- one at a time, and stopped anywhere -----------------------------------------------------------------------------

/// Puts a program of this text before the real one of this name.
fn instead(sandbox: &Sandbox, tool: &str, text: &str) {
    let _ = std::fs::remove_file(sandbox.path("bin").join(tool));
    sandbox.write(&format!("bin/{tool}"), format!("#!/bin/sh\n{text}\n"));
    sandbox.set_mode(&format!("bin/{tool}"), 0o755);
}

#[test]
fn two_at_once_are_one_and_a_complaint() {
    for (shell, has_flock) in [("dash", true), ("bash", false)] {
        let sandbox = with_tools(project("twice", SPEC));
        if !has_flock {
            std::fs::remove_file(sandbox.path("bin/flock")).expect("it is there");
        }
        instead(&sandbox, "mv", "touch started; sleep 1; exec /bin/mv \"$@\"");
        std::os::unix::fs::symlink("/usr/bin/touch", sandbox.path("bin/touch")).expect("a link");
        let mut first = Command::new(format!("/bin/{shell}"));
        first.arg(sandbox.path("scripts/secrets")).env("PATH", sandbox.path("bin"));
        let mut first =
            first.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell");
        for _ in 0..500 {
            if sandbox.path("secrets/started").exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let said = script(shell, &sandbox, &["init"], b"");
        assert!(said.code == 2 && said.stderr.contains("another one is running"), "{said:?}");
        // Looking is no writing.
        assert_eq!(script(shell, &sandbox, &["list"], b"").code, 0);
        assert_eq!(first.wait().expect("it ends").code(), Some(1));
        assert_eq!(sandbox.read("secrets/HEX").len(), 48);
        assert!(!sandbox.path("secrets/.lock.held").exists());
    }
}

#[test]
fn a_run_that_was_killed_is_in_nobodys_way() {
    for (shell, has_flock) in [("dash", true), ("bash", false)] {
        let sandbox = with_tools(project("killed", SPEC));
        if !has_flock {
            std::fs::remove_file(sandbox.path("bin/flock")).expect("it is there");
        }
        let mut made = 0;
        for (signal, code) in [("KILL", -1), ("TERM", 143), ("HUP", 129)] {
            instead(&sandbox, "mv", &format!("kill -{signal} \"$PPID\""));
            let said = script(shell, &sandbox, &[], b"");
            assert_eq!(said.code, code, "{said:?}");
            assert_eq!(sandbox.path("secrets/.new").exists(), signal == "KILL");
            assert!(!sandbox.path("secrets/HEX").exists());
            made += 1;
        }
        assert_eq!(made, 3);
        instead(&sandbox, "mv", "exec /bin/mv \"$@\"");
        let said = script(shell, &sandbox, &[], b"");
        assert!(said.code == 1 && sandbox.read("secrets/HEX").len() == 48, "{said:?}");
        // Between the new value and its place.
        let old = sandbox.read("secrets/HEX");
        instead(
            &sandbox,
            "mv",
            "case $3 in *HEX) [ -e secrets/.next.HEX ] || [ -e .next.HEX ] && kill -KILL \"$PPID\" ;; esac; exec /bin/mv \"$@\"",
        );
        let said = script(shell, &sandbox, &["rotate", "HEX"], b"");
        assert_eq!(said.code, -1, "{said:?}");
        let next = sandbox.read("secrets/.next.HEX");
        assert!(next != old && next.len() == 48);
        instead(&sandbox, "mv", "exec /bin/mv \"$@\"");
        let said = script(shell, &sandbox, &["check"], b"");
        assert!(said.code == 1 && said.stderr.contains("STOPPED   secrets/HEX"), "{said:?}");
        let said = script(shell, &sandbox, &["rotate", "HEX"], b"");
        assert!(said.code == 0 && said.stdout.contains("going on with the rotation of HEX"), "{said:?}");
        assert_eq!(sandbox.read("secrets/HEX"), next);
        assert!(!sandbox.path("secrets/.next.HEX").exists());
    }
}

// ---- certificates ----------------------------------------------------------------------------------------------------

fn with_gateway(name: &str, mode: &str) -> Sandbox {
    let gateway = format!(
        "gateway:\n  hosts: {{ main: {{ domain: shop.example.com, aliases: [www.example.com] }} }}\n  tls: {{ mode: {mode} }}\n  routes: [{{ path: /, to: api }}]\n"
    );
    with_tools(project(name, &format!("{}{gateway}", crate::sandbox::SMALLEST)))
}

/// A certificate of somebody's, for these names and days.
fn certificate(sandbox: &Sandbox, names: &str, days: &str, more: &str) {
    let folder = sandbox.path("secrets/tls");
    std::fs::create_dir_all(&folder).expect("a folder in a temporary folder");
    let script = format!(
        "cd '{}' && rm -f shop.example.com.* && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -out a.csr -keyout shop.example.com.key && printf 'subjectAltName={names}' >ext && openssl x509 -req -in a.csr -signkey shop.example.com.key -days {days} -extfile ext -out shop.example.com.crt && rm a.csr ext && {more} chmod 0444 shop.example.com.*",
        folder.display()
    );
    let made = Command::new("sh").args(["-c", &script]).output().expect("a shell is there");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

const BOTH: &str = "DNS:shop.example.com,DNS:www.example.com";

#[test]
fn a_certificate_that_cannot_serve_is_refused_with_words() {
    let sandbox = with_gateway("certificates", "files");
    let encrypt = "openssl pkey -in shop.example.com.key -aes256 -passout pass:abcd -out new && mv -f new shop.example.com.key &&";
    let foreign = "openssl ecparam -name prime256v1 -genkey -noout -out new && mv -f new shop.example.com.key &&";
    let cases: [(&str, &str, &str, i32, &str); 8] = [
        (BOTH, "30", "", 0, ""),
        ("DNS:*.example.com", "30", "", 0, ""),
        (BOTH, "3", "", 0, "NOTE      secrets/tls/shop.example.com.crt: it runs out within two weeks"),
        (BOTH, "-1", "", 1, "it has run out"),
        ("DNS:shop.example.com", "30", "", 1, "it is not for www.example.com"),
        ("DNS:other.example.com", "30", "", 1, "it is not for shop.example.com"),
        (BOTH, "30", encrypt, 1, "it has a passphrase"),
        (BOTH, "30", foreign, 1, "do not belong together"),
    ];
    for shell in SHELLS {
        let _ = std::fs::remove_dir_all(sandbox.path("secrets/tls"));
        for words in [&["check"][..], &["init"]] {
            let said = script(shell, &sandbox, words, b"");
            assert!(
                said.code == 1
                    && said.stderr.contains("MISSING   secrets/tls/shop.example.com.key: its private key, PEM"),
                "{said:?}"
            );
        }
        for (names, days, more, code, why) in cases {
            certificate(&sandbox, names, days, more);
            sandbox.set_mode("secrets", 0o700);
            let before = sandbox.tree();
            for words in [&["check"][..], &["init"]] {
                let said = script(shell, &sandbox, words, b"");
                assert!(said.code == code && said.stderr.contains(why), "{names} {days} {why}: {said:?}");
            }
            let same = |path: &str| sandbox.tree().get(path) == before.get(path);
            assert!(same("secrets/tls/shop.example.com.crt") && same("secrets/tls/shop.example.com.key"));
        }
    }
}

#[test]
fn half_a_pair_is_never_overwritten_and_ours_are_made_anew() {
    let sandbox = with_gateway("pairs", "self-signed");
    let (crt, key) = ("secrets/tls/shop.example.com.crt", "secrets/tls/shop.example.com.key");
    for shell in SHELLS {
        for (gone, stays) in [(crt, key), (key, crt)] {
            certificate(&sandbox, BOTH, "30", "");
            std::fs::remove_file(sandbox.path(gone)).expect("it was made");
            let before = sandbox.read(stays);
            let said = script(shell, &sandbox, &[], b"");
            assert!(said.code == 1 && said.stderr.contains(&format!("MISSING   {gone}")), "{said:?}");
            assert!(sandbox.read(stays) == before && !sandbox.path(gone).exists());
        }
        certificate(&sandbox, BOTH, "30", "");
        let before = sandbox.read(crt);
        assert_eq!(script(shell, &sandbox, &[], b"").code, 0);
        assert_eq!(sandbox.read(crt), before, "somebody's pair was touched");
        std::fs::remove_dir_all(sandbox.path("secrets/tls")).expect("it is there");
        // Ours, killed between its two files.
        instead(&sandbox, "mv", "case $3 in *.key) kill -KILL \"$PPID\" ;; *) exec /bin/mv \"$@\" ;; esac");
        assert_eq!(script(shell, &sandbox, &[], b"").code, -1);
        instead(&sandbox, "mv", "exec /bin/mv \"$@\"");
        let said = script(shell, &sandbox, &[], b"");
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(script(shell, &sandbox, &["check"], b"").code, 0);
        let made = sandbox.read(crt);
        assert_eq!(script(shell, &sandbox, &[], b"").code, 0);
        assert_eq!(sandbox.read(crt), made, "it was made again for no reason");
        // A name more.
        let spec = sandbox.read("forge.yaml");
        sandbox.write("forge.yaml", spec.replace("[www.example.com]", "[www.example.com, m.example.com]"));
        sandbox.generate();
        assert_eq!(script(shell, &sandbox, &["check"], b"").code, 1);
        assert_eq!(script(shell, &sandbox, &[], b"").code, 0);
        assert_eq!(script(shell, &sandbox, &["check"], b"").code, 0);
        sandbox.write("forge.yaml", spec);
        sandbox.generate();
        std::fs::remove_dir_all(sandbox.path("secrets/tls")).expect("it is there");
    }
}

// ---- sources ---------------------------------------------------------------------------------------------------------

#[test]
fn values_come_from_where_the_spec_says() {
    let spec = ASKED.replace("[TOKEN]", "[AGED, SOPPED, VAULTED, WHOLE]").replace(
        "{ TOKEN: { supplied: \"the token of the bank\" } }",
        "{ AGED: { age: { file: config/a.age } }, SOPPED: { sops: { file: config/s.yaml, key: [bank, token] } }, VAULTED: { vault: { path: secret/shop/api, key: token } }, WHOLE: { sops: { file: config/w.enc } } }",
    );
    for shell in SHELLS {
        let sandbox = with_tools(project("sources", &spec));
        let said = script(shell, &sandbox, &[], b"");
        for tool in ["vault", "sops", "age"] {
            assert!(
                said.code == 1 && said.stderr.contains(&format!("`{tool}` reads it, and is not installed")),
                "{said:?}"
            );
        }
        for tool in ["age", "sops", "vault"] {
            instead(&sandbox, tool, &format!("printf '%s ' {tool} \"$@\"; echo"));
        }
        let said = script(shell, &sandbox, &[], b"");
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(sandbox.read("secrets/AGED"), "age --decrypt ../config/a.age ");
        assert_eq!(sandbox.read("secrets/SOPPED"), "sops --decrypt --extract [\"bank\"][\"token\"] ../config/s.yaml ");
        assert_eq!(sandbox.read("secrets/VAULTED"), "vault kv get -field=token secret/shop/api ");
        assert_eq!(sandbox.read("secrets/WHOLE"), "sops --decrypt ../config/w.enc ");
        let said = script(shell, &sandbox, &["rotate", "AGED"], b"");
        assert!(said.code == 0 && said.stdout.contains("the same as before"), "{said:?}");
        instead(&sandbox, "age", "echo another");
        assert_eq!(script(shell, &sandbox, &["rotate", "AGED"], b"").code, 0);
        assert_eq!(sandbox.read("secrets/AGED"), "another");
        instead(&sandbox, "age", "echo half; echo no key >&2; exit 1");
        let said = script(shell, &sandbox, &["rotate", "AGED"], b"");
        assert!(said.code == 1 && said.stderr.contains("no key\n"), "{said:?}");
        assert_eq!(sandbox.read("secrets/AGED"), "another");
    }
}

#[test]
fn an_encrypted_file_that_is_not_there_is_told_with_the_command_that_makes_it() {
    let spec = ASKED.replace("[TOKEN]", "[AGED, SOPPED]").replace(
        "{ TOKEN: { supplied: \"the token of the bank\" } }",
        "{ AGED: { age: { file: config/a.age } }, SOPPED: { sops: { file: config/s.yaml, key: [token] } } }\nenvironments: { staging: { overlay: { secrets: { AGED: { age: { file: config/staging.age } } } } } }",
    );
    let sandbox = Sandbox::new("encrypted").file("forge.yaml", spec).file("api/requirements.txt", "");
    let said = sandbox.run(&["validate"]);
    for words in [
        "`AGED` comes from `config/a.age`, and there is no such file",
        "age --encrypt --recipient age1… --output config/a.age PLAIN",
        "`AGED` comes from `config/staging.age`, and there is no such file",
        "`SOPPED` comes from `config/s.yaml`, and there is no such file",
        "sops --encrypt --age age1… PLAIN >config/s.yaml",
    ] {
        assert_eq!(said.text().matches(words).count(), 1, "{words}: {}", said.text());
    }
    ["config/a.age", "config/s.yaml", "config/staging.age"].iter().for_each(|it| sandbox.write(it, "x"));
    let said = sandbox.run(&["validate"]);
    assert!(!said.text().contains("no such file"), "{}", said.text());
}

#[test]
fn age_itself_decrypts_what_it_encrypted() {
    let there = |tool: &str| Command::new(tool).arg("--version").output().is_ok_and(|it| it.status.success());
    if !there("age") {
        return skipped("no age");
    }
    let spec = ASKED.replace("{ supplied: \"the token of the bank\" }", "{ age: { file: config/token.age } }");
    let sandbox = project("age", &spec);
    sandbox.write("config/x", "");
    let make = "age-keygen -o key.txt 2>/dev/null && printf 'ghp_x81 ü\\n' | age --encrypt --recipient \"$(age-keygen -y key.txt)\" --output config/token.age";
    let made = Command::new("sh").args(["-c", make]).current_dir(sandbox.path("")).status().expect("a shell is there");
    assert!(made.success());
    let mut command = Command::new("/bin/sh");
    command.arg(sandbox.path("scripts/secrets")).env("AGE_IDENTITY", sandbox.path("key.txt"));
    let said = fed(command, b"");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(sandbox.read("secrets/TOKEN"), "ghp_x81 ü");
    let mut command = Command::new("/bin/sh");
    command.arg(sandbox.path("scripts/secrets")).args(["rotate", "TOKEN"]).env("AGE_IDENTITY", "/nonexistent");
    let said = fed(command, b"");
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(sandbox.read("secrets/TOKEN"), "ghp_x81 ü");
}

#[test]
fn other_environments_are_spoken_of_where_a_file_is_theirs_as_well() {
    let alone = project("alone", SPEC);
    assert!(!alone.read("scripts/secrets").contains("$(also "), "staging reads none of them");
    let shared = with_tools(project("shared", &SPEC.replace("secrets: null", "secrets: [HEX]")));
    for shell in SHELLS {
        let said = script(shell, &shared, &["list"], b"");
        assert_eq!(said.stdout.matches("one file with: staging\n").count(), 1, "HEX alone: {said:?}");
        shared.write("secrets/HEX", "a".repeat(48));
        let said = script(shell, &shared, &["rotate", "HEX"], b"");
        assert!(said.stdout.contains("staging reads the same file."), "{said:?}");
    }
}

/// A `docker` that runs in this folder what the script would have run in a container, where a server is a program of the test's.
const HERE: &str = r#"for last; do :; done
case "$*" in
  *"config --quiet") ;;
  *" ps --all"*) [ ! -e here ] || echo an-id ;;
  *"ps --quiet"*) case $* in *staging*) [ -e runs ] || exit 0 ;; esac; echo an-id ;;
  *"exec -T"*"sh -euc"*) exec sh -euc "$(printf %s "$last" | sed "s|/tmp/|$PWD/tmp/|g; s|/run/secrets|$PWD/secrets|g")" ;;
  *"exec -T"*cat*) cat "secrets/${last##*/}" ;;
  *) echo "$*" >>up ;;
esac"#;

/// Each of its characters means something to a shell, to SQL, to JSON or to curl.
const HOSTILE: &str = r#"a'b"c $d\e%s`f`\n1"#;

/// A project with a backing, whose password somebody else has thought of, and the engine by [`HERE`].
fn with_backing(kind: &str, secret: &str) -> Sandbox {
    let service = "services:\n  api:\n    build: { stack: python, context: ./api }\n    command: [python, -m, app]\n    port: 8000\n    needs: [db]\n";
    let supplied = format!("secrets: {{ {secret}: {{ supplied: the old one }} }}\n");
    let spec = format!("forge: 1\nname: shop\n{service}backings: {{ db: {{ kind: {kind} }} }}\n{supplied}");
    let sandbox = with_tools(project(kind, &spec));
    for tool in ["env", "sha1sum"] {
        let _ = std::os::unix::fs::symlink(format!("/usr/bin/{tool}"), sandbox.path("bin").join(tool));
    }
    instead(&sandbox, "docker", HERE);
    sandbox.write("tmp/there", "");
    supply(&sandbox, secret, "old+f0c1");
    let said = script("dash", &sandbox, &[], b"");
    assert_eq!(said.code, 0, "{said:?}");
    sandbox
}

#[test]
fn every_secret_of_a_backing_says_how_it_changes() {
    let catalog = forge::catalog::Catalog::new(&[]).unwrap_or_else(|_| panic!("what comes with forge is whole"));
    let mut seen = 0;
    for (kind, entry) in &catalog.backings {
        let selection = forge::catalog::Selection {
            version: entry.default_version.clone(),
            ..forge::catalog::Selection::default()
        };
        let facts: forge::catalog::BackingFacts = entry.facts(&selection).unwrap_or_else(|why| panic!("{kind}: {why}"));
        for role in facts.secrets.keys() {
            seen += 1;
            assert!(facts.rotations.contains_key(role), "{kind} says nothing of another {role}");
        }
    }
    assert!(seen > 20, "{seen}");
}

/// What the servers without an image are told, by programs that write down what they were given: quoted as each server's
/// manual has it, never among the words of a command, and with words that say that nobody has tried it.
#[test]
fn servers_that_no_image_is_had_of_are_told_in_their_own_quotes() {
    let noted = "printf '%s\\n' \"words: $*\" \"password: ${MYSQL_PWD-}${new-}\" \"input: $(cat)\" >>told";
    let rotated = |kind: &str, secret: &str, tool: &str, text: &str| {
        let sandbox = with_backing(kind, secret);
        instead(&sandbox, tool, text);
        let said = script("dash", &sandbox, &["rotate", secret, "--stdin"], HOSTILE.as_bytes());
        assert!(
            said.code == 0 && said.stderr.contains("was never tried by forge's tests: no image"),
            "{kind}: {said:?}"
        );
        assert_eq!(sandbox.read(&format!("secrets/{secret}")), HOSTILE);
        let told = sandbox.read("told");
        let shown = told.lines().filter(|it| it.starts_with("words: ")).any(|it| it.contains("a'b"));
        assert!(!shown, "{kind}: {told}");
        (sandbox, told)
    };

    // The first time it is asked whether the new one is known already.
    let mysql = format!("case $* in *'DO 0'*) [ -e asked ] || {{ : >asked; exit 1; }} ;; esac; {noted}");
    let (sandbox, told) = rotated("mysql", "DB_PASSWORD", "mysql", &mysql);
    let root = sandbox.read("secrets/DB_ROOT_PASSWORD");
    let quoted = r#"a\'b"c $d\\e%s`f`\\n1"#;
    let alter = format!("ALTER USER `shop`@`%` IDENTIFIED BY '{quoted}' RETAIN CURRENT PASSWORD;");
    assert!(told.contains(&alter) && told.contains(&format!("password: {root}\n")), "{told}");
    assert!(told.contains("ALTER USER `shop`@`%` DISCARD OLD PASSWORD"), "{told}");
    // Told again, it knows the value: with `RETAIN` it would keep that one twice, and not the one that others still have.
    std::fs::remove_file(sandbox.path("told")).expect("it is there");
    let said = script("dash", &sandbox, &["rotate", "DB_PASSWORD", "--same"], b"");
    assert!(said.code == 0 && !sandbox.read("told").contains("RETAIN"), "{said:?}");
    let (_, told) = rotated("mysql", "DB_ROOT_PASSWORD", "mysql", noted);
    assert!(told.contains(&format!("ALTER USER root@localhost IDENTIFIED BY '{quoted}';")), "{told}");

    let (_, told) = rotated("mongodb", "DB_READER_PASSWORD", "mongosh", noted);
    assert!(told.contains("changeUserPassword(\"shop_reader\", process.env.new)"), "{told}");
    assert!(told.contains(&format!("password: {HOSTILE}\n")), "{told}");

    let (_, told) = rotated("elasticsearch", "DB_PASSWORD", "curl", noted);
    assert!(told.contains("input: user = \"elastic:old+f0c1\"\n"), "{told}");
    let data = r#"data = "{\"password\":\"a'b\\\"c $d\\\\e%s`f`\\\\n1\"}""#;
    assert!(told.contains(data) && told.contains("/_security/user/elastic/_password\n"), "{told}");

    let (_, told) = rotated("minio", "DB_PASSWORD", "mc", noted);
    assert!(told.contains(&format!("input: shop\n{HOSTILE}\n")) && told.contains("admin user add store\n"), "{told}");
}

#[test]
fn what_reads_its_file_at_each_start_starts_anew_and_what_no_script_can_is_said() {
    for (kind, secret) in [
        ("nats", "DB_PASSWORD"),
        ("kafka", "DB_PASSWORD"),
        ("meilisearch", "DB_KEY"),
        ("versitygw", "DB_ROOT_PASSWORD"),
    ] {
        let sandbox = with_backing(kind, secret);
        let said = script("dash", &sandbox, &["rotate", secret, "--stdin"], b"new+f0c1");
        assert!(said.code == 0 && said.stdout.contains("anew      "), "{kind}: {said:?}");
        assert!(sandbox.read("up").contains("--force-recreate --wait") && sandbox.read("up").contains(" db"), "{kind}");
    }
    let sandbox = with_backing("versitygw", "DB_PASSWORD");
    let said = script("dash", &sandbox, &["rotate", "DB_PASSWORD"], b"");
    assert!(said.code == 2 && said.stderr.contains("By hand: remove secrets/DB_PASSWORD"), "{said:?}");
    assert!(said.stderr.contains("docker compose run --rm db-buckets"), "{said:?}");
    assert_eq!(sandbox.read("secrets/DB_PASSWORD"), "old+f0c1");
}

#[test]
fn servers_of_other_environments_hear_of_a_value_before_the_old_one_is_gone() {
    let sandbox = with_backing("mariadb", "DB_ROOT_PASSWORD");
    let spec = sandbox.read("forge.yaml");
    let more =
        "environments: { staging: { overlay: { services: { api: { resources: { limits: { memory: 300M } } } } } } }\n";
    sandbox.write("forge.yaml", spec + more);
    sandbox.generate();
    // It knows one password, and says at each of its changes what the file has meanwhile.
    sandbox.write("known", "old+f0c1");
    let server = "[ \"$MYSQL_PWD\" = \"$(cat known)\" ] || exit 1\ncase $* in *'DO 0'*) ;; *) cat secrets/DB_ROOT_PASSWORD >>told; echo >>told ;; esac";
    instead(&sandbox, "mariadb", server);
    let rotate = || script("dash", &sandbox, &["rotate", "DB_ROOT_PASSWORD", "--stdin"], b"new+f0c1");
    sandbox.write("here", "");
    let said = rotate();
    assert!(
        said.code == 2 && said.stderr.contains("staging reads the same file, and its server does not run"),
        "{said:?}"
    );
    assert_eq!(sandbox.read("secrets/DB_ROOT_PASSWORD"), "old+f0c1");
    sandbox.write("runs", "");
    let said = rotate();
    assert!(said.code == 0 && said.stdout.contains("told      db of staging\n"), "{said:?}");
    assert_eq!(sandbox.read("told"), "old+f0c1\nold+f0c1\n", "both before the file changed");
    assert_eq!(sandbox.read("secrets/DB_ROOT_PASSWORD"), "new+f0c1");
    // One that does not take it keeps the file as it was.
    sandbox.write("known", "foreign");
    let said = script("dash", &sandbox, &["rotate", "DB_ROOT_PASSWORD", "--stdin"], b"newer+f0c1");
    assert!(said.code == 1 && said.stderr.contains("neither the old nor the new one"), "{said:?}");
    assert_eq!(sandbox.read("secrets/DB_ROOT_PASSWORD"), "new+f0c1");
    std::fs::remove_file(sandbox.path("secrets/.next.DB_ROOT_PASSWORD")).expect("it was stopped");
    // Where it has no container, nobody asks for it.
    ["here", "runs"].iter().for_each(|it| std::fs::remove_file(sandbox.path(it)).expect("it is there"));
    sandbox.write("known", "new+f0c1");
    let said = script("dash", &sandbox, &["rotate", "DB_ROOT_PASSWORD", "--stdin"], b"newer+f0c1");
    assert!(said.code == 0 && !said.stdout.contains("db of staging"), "{said:?}");
}
