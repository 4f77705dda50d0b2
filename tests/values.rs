//! What a variable of `.env` may hold: `forge::values` and the entrypoints of all languages judge a table of texts alike.

use std::process::Command;

use forge::project::Variable;
use forge::spec::VariableType;
use forge::values::{amount, fits};

use crate::sandbox::Sandbox;
use crate::skipped::skipped;

/// A variable: its name, its type, what it can be, its least and its most.
type Declared = (&'static str, VariableType, &'static [&'static str], Option<&'static str>, Option<&'static str>);

const DECLARED: [Declared; 8] = [
    ("INTEGER", VariableType::Integer, &[], None, None),
    ("BOUNDED", VariableType::Integer, &[], Some("-3"), Some("65535")),
    ("DURATION", VariableType::Duration, &[], None, None),
    ("TIMEOUT", VariableType::Duration, &[], Some("1s"), Some("1h")),
    ("FLAG", VariableType::Boolean, &[], None, None),
    ("URL", VariableType::Url, &[], None, None),
    ("EMAIL", VariableType::Email, &[], None, None),
    ("LEVEL", VariableType::OneOf, &["info", "a b", "$HOME", "*", "x\"y", "größe", "`id`", "a|b"], None, None),
];

/// Each text with whether it is one.
const TEXTS: &[(&str, &[(&str, bool)])] = &[
    (
        "INTEGER",
        &[
            ("0", true),
            ("-0", true),
            ("7", true),
            ("-7", true),
            ("999999999999999", true),
            ("-999999999999999", true),
            ("1000000000000000", false),
            ("99999999999999999999999999", false),
            ("", true),
            ("007", false),
            ("+1", false),
            ("1.0", false),
            ("1e3", false),
            ("0x10", false),
            (" 1", false),
            ("1 ", false),
            ("1\n", false),
            ("\n1", false),
            ("1\n2", false),
            ("-", false),
            ("--1", false),
            ("1-", false),
            ("$(id)", false),
            ("١", false),
            ("²", false),
            ("*", false),
            ("a[$(id)]", false),
        ],
    ),
    (
        "BOUNDED",
        &[
            ("-3", true),
            ("-4", false),
            ("65535", true),
            ("65536", false),
            ("0", true),
            ("999999999999999", false),
            ("x", false),
        ],
    ),
    (
        "DURATION",
        &[
            ("0s", true),
            ("5s", true),
            ("500ms", true),
            ("1h30m", true),
            ("7d", true),
            ("1d2h3m4s5ms", true),
            ("1m1ms", true),
            ("007s", true),
            ("08m", true),
            ("999999d", true),
            ("000000s", true),
            ("0000000s", false),
            ("1000000s", false),
            ("5", false),
            ("s", false),
            ("1s1h", false),
            ("1s1s", false),
            ("1ms1s", false),
            ("1m30", false),
            ("1.5h", false),
            ("-1s", false),
            ("1S", false),
            ("1w", false),
            ("5mms", false),
            ("5m s", false),
            ("5s\n", false),
            (" 5s", false),
            ("1h 30m", false),
            ("٣s", false),
            ("5sé", false),
            ("1hm", false),
            ("", true),
        ],
    ),
    (
        "TIMEOUT",
        &[
            ("1s", true),
            ("1000ms", true),
            ("999ms", false),
            ("1h", true),
            ("60m", true),
            ("60m1ms", false),
            ("3601s", false),
            ("1d", false),
        ],
    ),
    (
        "FLAG",
        &[
            ("true", true),
            ("false", true),
            ("True", false),
            ("yes", false),
            ("1", false),
            ("true ", false),
            ("true\n", false),
            ("", true),
        ],
    ),
    (
        "URL",
        &[
            ("https://example.com", true),
            ("http://a", true),
            ("postgres://a:b@c:5432/d?e=f#g", true),
            ("git+ssh://a/b", true),
            ("sqlite:///data/a.db", true),
            ("https://tiles.test/{z}/{x}.png", true),
            ("https://[::1]:8080/", true),
            ("HTTPS://A", true),
            ("https://a/$b&c;d'(e)*!", true),
            ("a://://b", true),
            ("example.com", false),
            ("//example.com", false),
            ("https:/a", false),
            ("https://", false),
            ("://a", false),
            ("1a://b", false),
            ("a b://c", false),
            ("https://a b", false),
            ("https://a\nb", false),
            ("https://a\n", false),
            ("https://a\tb", false),
            ("https://m\u{fc}ller.de", false),
            ("https://a\"b", false),
            ("https://a<b", false),
            ("https://a>b", false),
            ("https://a\\b", false),
            ("https://a`b", false),
            ("javascript:alert(1)", false),
            ("é://a", false),
            ("", true),
            ("https://a\u{7f}", false),
            ("a_b://c", false),
        ],
    ),
    (
        "EMAIL",
        &[
            ("ops@example.com", true),
            ("a.b+c@d-e.f", true),
            ("root@localhost", true),
            ("a@1.2", true),
            ("o'neil@a.b", true),
            ("a!#$%&'*+/=?^_{|}~-@b", true),
            ("nobody", false),
            ("@a", false),
            ("a@", false),
            ("a@b@c", false),
            ("a b@c", false),
            ("a@b c", false),
            ("a@-b", false),
            ("a@b-", false),
            ("a@b..c", false),
            ("a@.b", false),
            ("a@b.", false),
            ("a@b.-c", false),
            ("Shop <a@b.c>", false),
            ("a@b\n", false),
            ("a\n@b", false),
            ("\u{fc}@b.c", false),
            ("a@b_c", false),
            ("a`b@c", false),
            ("\"a\"@b", false),
            ("a(b)@c", false),
            ("a\\b@c", false),
            ("a,b@c", false),
            ("", true),
            ("a@\u{fc}.c", false),
        ],
    ),
    (
        "LEVEL",
        &[
            ("info", true),
            ("a b", true),
            ("$HOME", true),
            ("*", true),
            ("x\"y", true),
            ("größe", true),
            ("`id`", true),
            ("a|b", true),
            ("Info", false),
            ("info ", false),
            ("inf", false),
            ("a", false),
            ("b", false),
            ("**", false),
            ("x", false),
            ("", true),
            ("info\n", false),
            ("/root", false),
        ],
    ),
];

fn variable((_, kind, values, min, max): &Declared) -> Variable {
    let bound = |it: &Option<&str>| it.and_then(|it| amount(*kind, it));
    let values = values.iter().map(|it| (*it).to_owned()).collect();
    Variable { kind: *kind, values, min: bound(min), max: bound(max), ..Variable::default() }
}

#[test]
fn forge_judges_the_table() {
    for (name, texts) in TEXTS {
        let declared = DECLARED.iter().find(|it| it.0 == *name).expect("it is declared");
        for (text, right) in *texts {
            assert_eq!(fits(&variable(declared), text), *right, "{name} {text:?}");
        }
    }
}

/// A project in which programs of these stacks read all of the variables.
fn project() -> Sandbox {
    let declared: Vec<String> = DECLARED
        .iter()
        .map(|(name, kind, values, min, max)| {
            let values =
                if values.is_empty() { String::new() } else { format!(", values: {}", serde_json::json!(values)) };
            let bound = |key: &str, it: &Option<&str>| it.map_or_else(String::new, |it| format!(", {key}: \"{it}\""));
            format!("  {name}: {{ type: {}{values}{}{} }}\n", kind.name(), bound("min", min), bound("max", max))
        })
        .collect();
    let names = DECLARED.map(|it| it.0).join(", ");
    let services = [
        ("sh", "{ stack: python, context: ./sh }, command: [python, -m, a]"),
        ("py", "{ stack: python, context: ./py, options: { variant: distroless } }, command: [python, -m, a]"),
        ("mjs", "{ stack: node, context: ./mjs, options: { variant: distroless, framework: plain, main: a.js } }"),
        ("go", "{ stack: go, context: ./go }"),
        ("rust", "{ stack: rust, context: ./rust, options: { binary: a } }"),
    ];
    let services =
        services.map(|(name, build)| format!("  {name}: {{ build: {build}, port: 8000, variables: [{names}] }}\n"));
    let spec = format!("forge: 1\nname: shop\nservices:\n{}variables:\n{}", services.concat(), declared.concat());
    let sandbox = Sandbox::new("values").file("forge.yaml", spec);
    ["sh", "py", "mjs", "go", "rust"].iter().for_each(|it| sandbox.write(&format!("{it}/keep"), ""));
    sandbox.generate();
    sandbox
}

/// How an entrypoint is run on this machine: the words before the command. `None` where the machine cannot.
fn runs(sandbox: &Sandbox, file: &str) -> Option<Vec<Vec<String>>> {
    let path = sandbox.path(file).display().to_string();
    let there = |program: &str, argument: &str| {
        Command::new(program).arg(argument).output().is_ok_and(|it| it.status.success())
    };
    let words = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).chain([path.clone()]).collect::<Vec<_>>();
    let built = sandbox.outside(&file.replace('/', "-")).display().to_string();
    let build = |words: &[&str]| Command::new(words[0]).args(&words[1..]).status().is_ok_and(|it| it.success());
    match file.rsplit('.').next()? {
        "sh" => {
            let shells: [(&[&str], &str); 4] = [
                (&["dash"], "-c:"),
                (&["sh"], "-c:"),
                (&["bash", "--posix"], "--version"),
                (&["busybox", "sh"], "--help"),
            ];
            let is_there = |(words, asks): &(&[&str], &str)| {
                *asks == "-c:" && there("test", "x") && Command::new(words[0]).args(["-c", ":"]).status().is_ok()
                    || there(words[0], asks)
            };
            Some(shells.into_iter().filter(is_there).map(|(it, _)| words(it)).collect())
        }
        "py" => there("python3", "--version").then(|| vec![words(&["python3"])]),
        "mjs" => there("node", "--version").then(|| vec![words(&["node"])]),
        "go" => {
            if there("go", "version") {
                assert!(build(&["go", "build", "-o", &built, &path]), "go builds {file}");
            } else {
                // With the compiler of the image that builds such services.
                let image = Command::new("docker").args(["image", "inspect", "golang:1.27"]).output();
                image.is_ok_and(|it| it.status.success()).then_some(())?;
                let folder = sandbox.outside("");
                let mount = format!("{0}:{0}", folder.display().to_string().trim_end_matches('/'));
                let run = ["docker", "run", "--rm", "--network=none", "--env=CGO_ENABLED=0", "--volume", &mount];
                let compile = ["golang:1.27", "go", "build", "-o", &built, &path];
                assert!(build(&[&run[..], &compile[..]].concat()), "go builds {file}");
            }
            Some(vec![vec![built]])
        }
        _ => {
            there("rustc", "--version").then(|| {
                assert!(
                    build(&["rustc", "--edition", "2021", "-D", "warnings", "-o", &built, &path]),
                    "rustc builds {file}"
                );
            })?;
            Some(vec![vec![built]])
        }
    }
}

#[test]
fn entrypoints_judge_the_table_as_forge_does() {
    let sandbox = project();
    let mut tried = 0;
    for file in [
        "sh/docker-entrypoint.sh",
        "py/docker-entrypoint.py",
        "mjs/docker-entrypoint.mjs",
        "go/docker-entrypoint.go",
        "rust/docker-entrypoint.rs",
    ] {
        let Some(ways) = runs(&sandbox, file) else {
            skipped(format!("nothing here runs {file}"));
            continue;
        };
        for way in &ways {
            tried += 1;
            for (name, texts) in TEXTS {
                for (text, fits) in *texts {
                    let ended = Command::new(&way[0])
                        .args(&way[1..])
                        .arg("true")
                        .env_clear()
                        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                        .env("LC_ALL", "C.UTF-8")
                        .env(name, text)
                        .output()
                        .expect("it runs");
                    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
                    assert_eq!(!said.contains("malformed"), *fits, "{way:?} {name}={text:?}: {said}");
                    let whole = format!("malformed: {name} is not ");
                    assert!(
                        *fits || said.contains(&whole) && ended.status.code() == Some(1),
                        "{way:?} {name}={text:?}: {said}"
                    );
                }
            }
        }
    }
    assert!(tried >= 3, "this machine runs a shell, Python and rustc at least");
}
