//! Secrets on the engine: where their values are not, and that they change while applications run: with PostgreSQL, which
//! takes one password at a time, and with Valkey, which takes two for as long as that needs.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::contract;
use super::proof::{Proof, docker, end, ensure, fails, lacks, run, same, within};
use super::stack::{Compose, Stack};

/// An application that is built here, and two that log in anew each half second with the password that they started with.
const SPEC: &str = r#"{
  "forge": 1,
  "name": "changing",
  "services": {
    "api": {
      "build": { "stack": "python", "context": "./api" },
      "command": ["python", "-m", "http.server", "8000", "--directory", "/tmp"],
      "port": 8000,
      "secrets": { "API_KEY": { "environment": "API_KEY" }, "TOKEN": {} }
    },
    "rows": {
      "image": "postgres:18",
      "user": { "uid": 10001, "gid": 10001 },
      "command": ["sh", "-c", "export PGPASSWORD=\"$(cat $DB_PASSWORD_FILE)\"; while :; do psql -wXAtq -h $DB_HOST -U $DB_USER -d $DB_DATABASE -c 'SELECT 1' >/dev/null 2>&1 && echo in || echo out; sleep 0.5; done"],
      "healthcheck": { "command": ["sh", "-c", "PGPASSWORD=$(cat $DB_PASSWORD_FILE) psql -wXAtq -h $DB_HOST -U $DB_USER -d $DB_DATABASE -c 'SELECT 1'"] },
      "needs": { "db": { "role": "app" } }
    },
    "words": {
      "image": "valkey/valkey:9",
      "user": { "uid": 10001, "gid": 10001 },
      "command": ["sh", "-c", "export REDISCLI_AUTH=\"$(cat $CACHE_PASSWORD_FILE)\"; while :; do valkey-cli -e -h $CACHE_HOST PING >/dev/null 2>&1 && echo in || echo out; sleep 0.5; done"],
      "healthcheck": { "command": ["sh", "-c", "REDISCLI_AUTH=$(cat $CACHE_PASSWORD_FILE) valkey-cli -e -h $CACHE_HOST PING"] },
      "needs": ["cache"]
    }
  },
  "backings": { "db": { "kind": "postgres", "version": "18" }, "cache": { "kind": "valkey", "version": "9", "use": "store" } },
  "secrets": {
    "API_KEY": { "generate": { "length": 40, "alphabet": "alphanumeric" } },
    "TOKEN": { "supplied": "any token" }
  }
}"#;

/// All that the project has.
const SECRETS: [&str; 6] =
    ["API_KEY", "CACHE_PASSWORD", "DB_OWNER_PASSWORD", "DB_PASSWORD", "DB_READER_PASSWORD", "TOKEN"];

#[test]
fn secrets_are_nowhere_else_and_change_while_applications_run() {
    let Some(mut stack) = Stack::new("changing") else { return };
    let production = stack.production();
    stack.set("COMPOSE_PROJECT_NAME", production.project.clone());
    stack.write("forge.yaml", SPEC);
    stack.write("api/requirements.txt", "");
    stack.write("api/app.py", "");
    stack.prove("generated", || stack.forge(&["generate"]).map(drop));
    stack.prove("forge secrets makes what can be made, and names the token", || {
        let mut forge = super::proof::command(env!("CARGO_BIN_EXE_forge"));
        let ended = end(forge.args(["-C"]).arg(stack.path("")).args(["secrets", "init"]));
        same(ended.code, Some(1))?;
        ensure(ended.stderr.contains("MISSING   secrets/TOKEN: any token"), ended.stderr)
    });
    stack.supply("secrets/TOKEN", "tok_8f61c0d2e7");
    stack.prove("check: all in order", || run(&mut stack.script(&["scripts/secrets", "check"])).map(drop));
    stack.prove("built, booted, healthy", || production.up(&["--build"]));
    stack.prove("no value in docker inspect, docker top, history and logs", || in_no_container(&stack, &production));
    stack.prove("no value in a layer of the image", || in_no_layer(&stack, &production));
    stack.prove("no value in a file of the project but its own below secrets/", || {
        in_no_file(&stack.path(""), &values(&stack)?)
    });
    database(&stack, &production);
    cache(&stack, &production);
    interrupted(&stack, &production);
    plain(&stack, &production);
    stack.prove("check: all in order, after all of it", || {
        run(&mut stack.script(&["scripts/secrets", "check"])).map(drop)
    });
    stack.prove("still no value in sight", || in_no_container(&stack, &production));
    stack.say_how_many();
}

fn values(stack: &Stack) -> Proof<Vec<String>> {
    SECRETS.iter().map(|it| stack.read(&format!("secrets/{it}"))).collect()
}

fn in_no_container(stack: &Stack, compose: &Compose) -> Proof {
    contract::no_secret_in_sight(&compose.containers()?, &values(stack)?)
}

fn in_no_layer(stack: &Stack, compose: &Compose) -> Proof {
    let image = compose.container("api")?.json["Config"]["Image"].as_str().unwrap_or_default().to_owned();
    let (archive, folder) = (stack.beside("image.tar"), stack.beside("image"));
    docker(["save", "--output", &archive.display().to_string(), &image])?;
    fs::create_dir_all(&folder).map_err(|it| it.to_string())?;
    run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&folder))?;
    // Layers are archives, compressed or not.
    let script = "find . -type f | while read -r it; do { gzip -dc \"$it\" 2>/dev/null || cat \"$it\"; }; done | grep -aFf values && exit 1; [ \"$(find . -type f | wc -l)\" -gt 3 ]";
    let patterns = stack.beside("values");
    fs::write(&patterns, values(stack)?.join("\n")).map_err(|it| it.to_string())?;
    let script = script.replace("-aFf values", &format!("-aFf {}", patterns.display()));
    run(Command::new("sh").args(["-c", &script]).current_dir(&folder)).map(drop)
}

fn in_no_file(folder: &Path, values: &[String]) -> Proof {
    for entry in fs::read_dir(folder).map_err(|it| it.to_string())? {
        let path = entry.map_err(|it| it.to_string())?.path();
        if path.ends_with("secrets") && path.is_dir() {
            continue;
        } else if path.is_dir() {
            in_no_file(&path, values)?;
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).map_err(|it| it.to_string())?).into_owned();
        values.iter().try_for_each(|it| lacks(&text, it).map_err(|_| format!("a secret in {}", path.display())))?;
    }
    Ok(())
}

/// What was run while `work` did, of any user: the command lines of all processes of this machine.
pub(super) fn watched(work: impl FnOnce() -> Proof) -> Proof<BTreeSet<String>> {
    static DONE: AtomicBool = AtomicBool::new(false);
    DONE.store(false, Ordering::SeqCst);
    let watcher = thread::spawn(|| {
        let mut seen = BTreeSet::new();
        while !DONE.load(Ordering::SeqCst) {
            for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
                if let Ok(line) = fs::read(entry.path().join("cmdline")) {
                    seen.insert(String::from_utf8_lossy(&line).replace('\0', " "));
                }
            }
            thread::sleep(Duration::from_millis(2));
        }
        seen
    });
    let outcome = work();
    DONE.store(true, Ordering::SeqCst);
    let seen = watcher.join().map_err(|_| "the watcher panicked".to_owned())?;
    outcome.map(|()| seen)
}

pub(super) fn rotate(stack: &Stack, name: &str) -> Proof {
    run(&mut stack.script(&["scripts/secrets", "rotate", name])).map(drop)
}

/// The last words of an application.
fn last(compose: &Compose, service: &str) -> Proof<String> {
    Ok(compose.container(service)?.all_logs().lines().last().unwrap_or_default().trim().to_owned())
}

pub(super) fn comes_in(compose: &Compose, service: &str) -> Proof {
    within(20, || same(last(compose, service)?.as_str(), "in"))
}

/// What the database says to whoever comes with this password over the network.
fn with_password(compose: &Compose, password: &str) -> Proof {
    let script = format!("PGPASSWORD='{password}' psql -wXAtq -h $DB_HOST -U $DB_USER -d $DB_DATABASE -c 'SELECT 1'");
    compose.container("rows")?.shell(&script).map(drop)
}

fn database(stack: &Stack, compose: &Compose) {
    stack.prove("PostgreSQL: the application comes in", || comes_in(compose, "rows"));
    stack.prove("PostgreSQL: rotated; the database runs on, the application is another that comes in", || {
        let old = stack.read("secrets/DB_PASSWORD")?;
        let (db, rows) = (compose.container("db")?, compose.container("rows")?);
        let seen = watched(|| rotate(stack, "DB_PASSWORD"))?;
        let new = stack.read("secrets/DB_PASSWORD")?;
        ensure(new != old && new.len() == 48, "the value is the old one")?;
        for value in [&old, &new] {
            let shown = seen.iter().find(|it| it.contains(value.as_str()));
            ensure(shown.is_none(), format!("a process shows it: {shown:?}"))?;
        }
        ensure(seen.iter().any(|it| it.contains("psql")), "nobody watched")?;
        same(compose.container("db")?.id(), db.id())?;
        ensure(compose.container("rows")?.id() != rows.id(), "the application is the old one")?;
        comes_in(compose, "rows")?;
        with_password(compose, &new)?;
        fails(with_password(compose, &old), "the old password is still good")
    });
    stack.prove("PostgreSQL: its probe asks with the new password", || {
        compose.container("db")?.shell("PGPASSWORD=\"$(cat /run/secrets/DB_PASSWORD)\" psql -wXAtq -h 127.0.0.1 -U changing -d changing -c 'SELECT 1'").map(drop)
    });
    stack.prove("PostgreSQL: the owner's, whom nobody runs as, changes as well", || {
        rotate(stack, "DB_OWNER_PASSWORD")?;
        let new = stack.read("secrets/DB_OWNER_PASSWORD")?;
        let script =
            format!("PGPASSWORD='{new}' psql -wXAtq -h $DB_HOST -U changing_owner -d $DB_DATABASE -c 'SELECT 1'");
        compose.container("rows")?.shell(&script).map(drop)
    });
    stack.prove("PostgreSQL: with --same the database learns what the file says", || {
        stack.supply("secrets/DB_PASSWORD", "0123456789abcdef0123456789abcdef0123456789abcdef");
        run(&mut stack.script(&["scripts/secrets", "rotate", "DB_PASSWORD", "--same"]))?;
        with_password(compose, "0123456789abcdef0123456789abcdef0123456789abcdef")?;
        comes_in(compose, "rows")
    });
    stack.prove("PostgreSQL: no log of it has a password", || {
        let logs = compose.container("db")?.all_logs();
        values(stack)?.iter().try_for_each(|it| lacks(&logs, it))
    });
    stack.prove("PostgreSQL: where it does not run, nothing is changed", || {
        let old = stack.read("secrets/DB_PASSWORD")?;
        compose.run(&["stop", "db"])?;
        let ended = end(&mut stack.script(&["scripts/secrets", "rotate", "DB_PASSWORD"]));
        same(ended.code, Some(2))?;
        ensure(ended.stderr.contains("db does not run here"), ended.stderr)?;
        same(stack.read("secrets/DB_PASSWORD")?, old)?;
        compose.up(&[])
    });
}

fn cache(stack: &Stack, compose: &Compose) {
    stack.prove("Valkey: the application comes in", || comes_in(compose, "words"));
    stack.prove("Valkey: rotated; no application was out for a moment, and the old password is good no more", || {
        let old = stack.read("secrets/CACHE_PASSWORD")?;
        let (cache, words) = (compose.container("cache")?, compose.container("words")?);
        // The old container's own words go with it.
        let follow = compose.run(&["logs", "--no-log-prefix", "words"])?;
        ensure(!follow.contains("out"), follow)?;
        let seen = watched(|| rotate(stack, "CACHE_PASSWORD"))?;
        let new = stack.read("secrets/CACHE_PASSWORD")?;
        ensure(new != old, "the value is the old one")?;
        let shown = seen.iter().find(|it| it.contains(&old) || it.contains(&new));
        ensure(shown.is_none(), format!("a process shows it: {shown:?}"))?;
        same(compose.container("cache")?.id(), cache.id())?;
        ensure(compose.container("words")?.id() != words.id(), "the application is the old one")?;
        comes_in(compose, "words")?;
        ensure(!compose.container("words")?.all_logs().contains("out"), "it was out")?;
        let with = |password: &str| {
            let script = format!("REDISCLI_AUTH='{password}' valkey-cli -e -h $CACHE_HOST PING");
            compose.container("words")?.shell(&script).map(drop)
        };
        with(&new)?;
        fails(with(&old), "the old password is still good")
    });
    stack.prove("Valkey: started again, it knows the new one from the file", || {
        compose.run(&["restart", "cache"])?;
        compose.up(&[])?;
        comes_in(compose, "words")
    });
}

/// A `docker` before the real one that kills the script at one of its calls, before or after the work is done.
fn killer(stack: &Stack, call: &str, done: bool) -> String {
    let real = run(Command::new("sh").args(["-c", "command -v docker"])).expect("there is an engine");
    let real = real.trim();
    let work = if done { format!("{real} \"$@\"; ") } else { String::new() };
    let script =
        format!("#!/bin/sh\ncase \"$*\" in\n  {call}) {work}kill -9 \"$PPID\"; exit 1 ;;\nesac\nexec {real} \"$@\"\n");
    fs::create_dir_all(stack.beside("killer")).expect("a folder in a temporary folder");
    let path = stack.beside("killer/docker");
    fs::write(&path, script).expect("a file in a temporary folder");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode can be set");
    format!("{}:{}", stack.beside("killer").display(), std::env::var("PATH").unwrap_or_default())
}

/// Killed before and after each of its calls of the engine: whatever the database knows is in one of two files, and the next run goes
/// on with it.
fn interrupted(stack: &Stack, compose: &Compose) {
    for (secret, service) in [("DB_PASSWORD", "rows"), ("CACHE_PASSWORD", "words")] {
        let mut calls =
            vec![("*exec*-T*", false), ("*exec*-T*", true), ("*up*--detach*", false), ("*up*--detach*", true)];
        if service == "words" {
            calls.extend([("*exec*requirepass*", false), ("*exec*requirepass*", true)]);
        }
        for (call, done) in calls {
            let when = if done { "after" } else { "before" };
            stack.prove(format!("{secret}: killed {when} `{call}`, nothing is lost, and the next run ends it"), || {
                let path = killer(stack, call, done);
                let mut script = stack.script(&["scripts/secrets", "rotate", secret]);
                let ended = end(script.env("PATH", path));
                ensure(ended.code != Some(0), "it was not killed")?;
                let next = stack.read(&format!("secrets/.next.{secret}"))?;
                let now = stack.read(&format!("secrets/{secret}"))?;
                ensure(!now.is_empty() && next.len() == 48, "a value is lost")?;
                let known = [&now, &next].into_iter().any(|it| match service {
                    "rows" => with_password(compose, it).is_ok(),
                    _ => {
                        let script = format!("REDISCLI_AUTH='{it}' valkey-cli -e -h $CACHE_HOST PING");
                        compose.container("words").and_then(|it| it.shell(&script)).is_ok()
                    }
                });
                ensure(known, "neither of the two is good")?;
                let checked = end(&mut stack.script(&["scripts/secrets", "check"]));
                ensure(checked.code == Some(1) && checked.stderr.contains("STOPPED"), checked.stderr)?;
                let made = end(&mut stack.script(&["scripts/secrets"]));
                ensure(made.code == Some(1) && made.stderr.contains("goes on with it"), made.stderr)?;
                rotate(stack, secret)?;
                same(stack.read(&format!("secrets/{secret}"))?, next)?;
                ensure(!stack.path(&format!("secrets/.next.{secret}")).exists(), "it stayed")?;
                comes_in(compose, service)
            });
        }
    }
}

fn plain(stack: &Stack, compose: &Compose) {
    stack.prove("a secret of an application alone: it starts anew with it, and others run on", || {
        let [api, rows] = ["api", "rows"].map(|it| compose.container(it).map(|it| it.id().to_owned()));
        rotate(stack, "API_KEY")?;
        let new = stack.read("secrets/API_KEY")?;
        ensure(compose.container("api")?.id() != api?, "it is the old container")?;
        same(compose.container("rows")?.id().to_owned(), rows?)?;
        same(compose.container("api")?.read("/run/secrets/API_KEY")?, new)
    });
}
