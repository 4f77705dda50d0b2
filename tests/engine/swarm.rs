//! A secret that a Swarm keeps arrives at a service of a stack, and `scripts/secrets` knows whether it is there.

use std::process::Stdio;

use super::proof::{Proof, command, contains, docker, end, ensure, run, same, within};
use super::stack::Stack;
use crate::skipped::skipped;

const VALUE: &str = "tok_5be0c1f27d";

/// Leaves the Swarm that it began, with all that is in it.
struct Swarm;

impl Swarm {
    /// `None` where this engine belongs to one already: that is somebody's.
    fn begin() -> Option<Swarm> {
        let state = docker(["info", "--format", "{{.Swarm.LocalNodeState}}"]).unwrap_or_default();
        if state.trim() != "inactive" {
            skipped("the engine belongs to a Swarm already");
            return None;
        }
        docker(["swarm", "init", "--advertise-addr", "127.0.0.1"]).expect("an engine can be a Swarm of its own");
        Some(Swarm)
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        let _ = docker(["swarm", "leave", "--force"]);
        // Made for it, and left behind.
        let _ = docker(["network", "rm", "docker_gwbridge"]);
    }
}

fn spec(secret: &str) -> String {
    format!(
        "forge: 1\nname: swarmed\nservices:\n  api:\n    image: \"debian:trixie-slim\"\n    user: {{ uid: 10001, gid: 10001 }}\n    command: [sleep, infinity]\n    healthcheck: {{ command: [test, -s, /run/secrets/BANK_TOKEN] }}\n    secrets: [BANK_TOKEN]\nsecrets:\n  BANK_TOKEN: {{ external: {{ name: {secret} }} }}\n"
    )
}

#[test]
fn what_a_swarm_keeps_arrives_in_a_service() {
    let Some(stack) = Stack::new("swarmed") else { return };
    let Some(_swarm) = Swarm::begin() else { return };
    let name = format!("swarmed-{}", stack.version);
    stack.write("forge.yaml", &spec(&name));
    stack.prove("generated", || stack.forge(&["generate"]).map(drop));
    stack.prove("check: what the Swarm does not keep is missing", || {
        run(&mut stack.script(&["scripts/secrets"]))?;
        let ended = end(&mut stack.script(&["scripts/secrets", "check"]));
        same(ended.code, Some(1))?;
        contains(&ended.stderr, &format!("has no secret {name}"))
    });
    stack.prove("check: what it keeps is in order", || {
        stack.write("../value", VALUE);
        docker(["secret", "create", &name, &stack.path("../value").display().to_string()])?;
        run(&mut stack.script(&["scripts/secrets", "check"])).map(drop)
    });
    stack.prove("deployed as the documents say, the service reads the value, and no inspection shows it", || {
        let deploy = format!("grep -v '^name:' compose.yaml | docker stack deploy --compose-file - {name}");
        run(command("sh").args(["-euc", &deploy]).current_dir(stack.path("")).stdin(Stdio::null()))?;
        let task = || -> Proof<String> {
            let label = format!("label=com.docker.swarm.service.name={name}_api");
            let found = docker(["ps", "--quiet", "--filter", &label])?;
            ensure(!found.trim().is_empty(), "it does not run yet")?;
            Ok(found.trim().to_owned())
        };
        within(60, || same(docker(["exec", &task()?, "cat", "/run/secrets/BANK_TOKEN"])?.as_str(), VALUE))?;
        let inspected = docker(["inspect", &task()?])? + &docker(["service", "inspect", &format!("{name}_api")])?;
        ensure(!inspected.contains(VALUE), "it is shown")
    });
    stack.prove("removed", || docker(["stack", "rm", &name]).map(drop));
    stack.say_how_many();
}
