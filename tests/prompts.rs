//! What `forge init` asks on a terminal, and what it makes of answers.

use std::process::{Command, Stdio};

use snapbox::{assert_data_eq, str};

use crate::sandbox::Sandbox;
use crate::skipped::skipped;

/// Runs a program on a terminal of its own, which echoes nothing: what is typed, and then what was said.
const TERMINAL: &str = r#"
import os, pty, subprocess, sys, termios
main, terminal = pty.openpty()
attributes = termios.tcgetattr(terminal)
attributes[3] &= ~termios.ECHO
termios.tcsetattr(terminal, termios.TCSANOW, attributes)
os.write(main, sys.argv[1].encode())
program = subprocess.Popen(sys.argv[2:], stdin=terminal, stdout=terminal, stderr=terminal)
os.close(terminal)
said = b""
while True:
    try:
        part = os.read(main, 4096)
    except OSError:
        break
    if not part:
        break
    said += part
code = program.wait()
sys.stdout.write("exit %d\n%s" % (code, said.decode().replace("\r\n", "\n")))
"#;

/// What forge says when this is typed; `None` where there is no Python to make a terminal.
fn typed(sandbox: &Sandbox, typed: &str, words: &[&str]) -> Option<String> {
    let mut python = Command::new("python3");
    python.args(["-c", TERMINAL, typed, env!("CARGO_BIN_EXE_forge"), "-C"]).arg(sandbox.path("")).args(words);
    let Ok(output) = python.env("NO_COLOR", "1").stdin(Stdio::null()).output() else {
        skipped("no python3");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A process that is called web, of which nothing shows that it listens, and how it is started needs a shell.
fn uncertain(name: &str) -> Sandbox {
    Sandbox::new(name)
        .file("requirements.txt", "")
        .file("Procfile", "web: python serve.py\n")
        .file("serve.py", "print('x')\n")
}

#[test]
fn what_is_uncertain_is_asked_until_the_answer_is_one() {
    let sandbox = uncertain("asked");
    let Some(said) = typed(&sandbox, "maybe\ny\neighty\n99999\n9100\n", &["init", "--name", "shop"]) else { return };
    assert_data_eq!(
        said,
        str![[r#"
exit 0
does `web` answer HTTP? [y/N]   say y or n
does `web` answer HTTP? [y/N] on which port does `web` listen? [the framework's own]   a port is a number from 1 to 65535
on which port does `web` listen? [the framework's own]   a port is a number from 1 to 65535
on which port does `web` listen? [the framework's own]              wrote forge.yaml
                   web in .: python, port 9100
read it through, and then: forge generate

"#]]
    );
    assert!(sandbox.read("forge.yaml").contains("port: 9100"), "{}", sandbox.read("forge.yaml"));
}

#[test]
fn a_command_is_asked_for_with_its_quotes() {
    let sandbox = Sandbox::new("asked-command").file("package.json", "{}").file("package-lock.json", "{}");
    let answers = "node 'a b\nnode 'a b.js' --x\n";
    let Some(said) = typed(&sandbox, answers, &["init", "--name", "shop"]) else { return };
    assert!(said.contains("a quote has no end"), "{said}");
    assert!(sandbox.read("forge.yaml").contains("command: [node, \"a b.js\", --x]"), "{}", sandbox.read("forge.yaml"));
}

#[test]
fn empty_answers_take_what_stands_in_brackets() {
    let sandbox = uncertain("empty");
    let Some(said) = typed(&sandbox, "\n", &["init", "--name", "shop"]) else { return };
    assert!(said.starts_with("exit 0"), "{said}");
    assert!(sandbox.read("forge.yaml").contains("# worker, python"), "{}", sandbox.read("forge.yaml"));
}

#[test]
fn without_an_answer_nothing_is_written() {
    let sandbox = uncertain("no-answer");
    let Some(said) = typed(&sandbox, "\u{4}", &["init", "--name", "shop"]) else { return };
    assert_data_eq!(
        said,
        str![[r#"
exit 2
does `web` answer HTTP? [y/N] 
error: no answer: nothing was written
  = help: `forge init --yes` asks nothing

"#]]
    );
    assert!(!sandbox.exists("forge.yaml"));
}

#[test]
fn yes_and_explain_ask_nothing_on_a_terminal_either() {
    let sandbox = uncertain("yes");
    let (explain, yes) = (&["init", "--explain"][..], &["init", "--yes", "--name", "shop"][..]);
    // What nobody was asked is left open.
    for (words, begins) in [(explain, "exit 0"), (yes, "exit 1")] {
        let Some(said) = typed(&sandbox, "", words) else { return };
        assert!(said.starts_with(begins) && !said.contains('?'), "{said}");
        assert_eq!(said.contains("left open: nothing says on which port `web` listens"), begins == "exit 1", "{said}");
    }
}
