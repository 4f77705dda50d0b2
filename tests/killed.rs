//! A run that is killed at any of its system calls: each file is old or new, and the next run brings all of it to the end.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;
use crate::skipped::skipped;

/// The files of a project by path; the sources that nobody generates are among them.
fn files(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let paths = sandbox.tree().into_keys().filter(|it| sandbox.path(it).is_file());
    paths.map(|it| (it.clone(), fs::read(sandbox.path(&it)).expect("it was there"))).collect()
}

/// Makes the files of a project those, and no others.
fn restore(sandbox: &Sandbox, wanted: &BTreeMap<String, Vec<u8>>) {
    for path in files(sandbox).keys().filter(|it| !wanted.contains_key(*it)) {
        fs::remove_file(sandbox.path(path)).expect("it is there");
    }
    let _ = fs::remove_dir_all(sandbox.path(".forge/new"));
    for (path, text) in wanted {
        sandbox.write(path, text);
    }
}

/// A system call, and whether forge ended before it came to its so-manieth.
fn killed(sandbox: &Sandbox, call: &str, number: usize) -> bool {
    let forge = sandbox.command(&["generate", "--quiet"]);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e"]).arg(format!("trace={call}"));
    strace.arg("-e").arg(format!("inject={call}:signal=SIGKILL:when={number}"));
    strace.arg(forge.get_program()).args(forge.get_args());
    // One thread writes after the other: the so-manieth call is the same in each run.
    strace.env("RAYON_NUM_THREADS", "1").current_dir(sandbox.path(".")).stdin(Stdio::null());
    !strace.output().expect("strace is there").status.success()
}

#[test]
fn a_run_that_is_killed_anywhere_is_healed_by_the_next() {
    if !Command::new("strace").arg("-V").output().is_ok_and(|it| it.status.success()) {
        skipped("no strace");
        return;
    }
    let sandbox = Sandbox::smallest("killed");
    let gateway = "gateway:\n  hosts: { main: { domain: a.example.com } }\n  tls: { mode: self-signed }\n  routes: [{ path: /, to: api }]\n";
    let spec = sandbox.read("forge.yaml") + gateway;
    sandbox.write("forge.yaml", &spec);
    sandbox.generate();
    // A bot wrote a digest, which begins a lock. One file is merged, one keeps what is its owner's, several move or go, others come.
    sandbox.edit("compose.yaml", "services:\n", "# mine\nservices:\n");
    let image =
        sandbox.read("compose.yaml").lines().find_map(|it| it.trim().strip_prefix("image: nginx").map(str::to_owned));
    let image = format!("image: nginx{}", image.expect("the gateway is nginx"));
    sandbox.edit("compose.yaml", &image, &format!("{image}@sha256:{}", "0".repeat(64)));
    sandbox.edit("api/Dockerfile", "# forge:keep final\n", "# forge:keep final\nRUN mine\n");
    let after = spec.replace("8000", "8080").replace("tls: { mode: self-signed }", "tls: { mode: none }")
        + "layout: { dockerfile: \"docker/{service}.Dockerfile\" }\nenvironments: { staging: { overlay: { services: { api: { replicas: 3 } } } } }\n";
    sandbox.write("forge.yaml", after);
    let old = files(&sandbox);
    sandbox.generate();
    let new = files(&sandbox);
    assert!(new["docker/api.Dockerfile"].windows(8).any(|it| it == b"RUN mine") && !new.contains_key("api/Dockerfile"));
    assert!(new.contains_key("forge.lock") && !old.contains_key("forge.lock"));
    let (mut stops, mut locks) = (0, 0);
    for call in ["rename", "unlink", "mkdir", "rmdir", "chmod", "write", "openat"] {
        // What is only read is not worth each of its calls.
        let step = if call == "openat" { 5 } else { 1 };
        for number in (1..400).step_by(step) {
            restore(&sandbox, &old);
            if !killed(&sandbox, call, number) {
                break;
            }
            stops += 1;
            let now = files(&sandbox);
            let is_between = now.contains_key("forge.lock") && now["compose.yaml"] == old["compose.yaml"];
            locks += usize::from(is_between);
            let own = |path: &&String| !path.starts_with(".forge/");
            for path in old.keys().chain(new.keys()).filter(own) {
                let it = now.get(path);
                let is_whole = it == old.get(path) || it == new.get(path);
                assert!(is_whole, "{call} {number}: {path} is neither old nor new");
            }
            let said = sandbox.run(&["generate", "--quiet"]);
            assert!(said.code == 0, "{call} {number}: {}", said.text());
            let healed = files(&sandbox);
            let differs: Vec<&String> =
                healed.keys().chain(new.keys()).filter(|it| healed.get(*it) != new.get(*it)).collect();
            assert!(differs.is_empty(), "{call} {number}: {differs:?} are not as after a run that nobody killed");
        }
    }
    assert!(stops > 40, "only {stops} runs were killed");
    assert!(locks > 0, "no run was killed between the lock and the files that it is about");
}
