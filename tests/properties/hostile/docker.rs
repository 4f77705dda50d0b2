//! What docker compose itself makes of hostile texts.

use std::process::Command;

use serde_json::{Map, Value, json};

use super::super::{Outcome, outcome, yaml};
use super::texts::all;
use crate::sandbox::{Sandbox, end};
use crate::skipped::skipped;

#[test]
fn docker_compose_reads_hostile_values_as_they_are_meant() {
    let there = Command::new("docker").args(["compose", "version"]).output().is_ok_and(|it| it.status.success());
    if !there {
        skipped("no docker compose");
        return;
    }
    let mut environment = Map::new();
    let mut variables = Map::new();
    for (index, text) in all().filter(|it| it.len() < 10_000).enumerate() {
        let alone = json!({ "environment": { "ALONE": text }, "variables": { "ALONE": { "default": text } } });
        if takes(&json!({ "A": alone["environment"]["ALONE"] }), &json!({})) {
            environment.insert(format!("E{index}"), json!(text));
        }
        if takes(&json!({}), &json!({ "A": alone["variables"]["ALONE"] })) {
            variables.insert(format!("V{index}"), json!({ "default": text }));
        }
    }
    assert!(environment.len() > 50 && variables.len() > 20, "{} and {} are taken", environment.len(), variables.len());
    let files =
        match outcome(&yaml(&spec_of(&Value::Object(environment.clone()), &Value::Object(variables.clone())), 0)) {
            Outcome::Files(files) => files,
            _ => panic!("each alone is taken, and all together are not"),
        };
    let sandbox = Sandbox::new("compose").folder("api");
    files.values().for_each(|it| sandbox.write(&it.path, &it.text));
    let without = configured(&sandbox);
    sandbox.write(".env", &files[".env.example"].text);
    let with = configured(&sandbox);
    for (how, found) in [("without .env", &without), ("with .env from .env.example", &with)] {
        for (name, text) in &environment {
            assert_eq!(&found[name], text, "{name}, {how}");
        }
        for (name, variable) in &variables {
            assert_eq!(&found[name], &variable["default"], "{name}, {how}");
        }
    }
}

fn spec_of(environment: &Value, variables: &Value) -> Value {
    let names: Vec<&String> = variables.as_object().into_iter().flat_map(Map::keys).collect();
    json!({
        "forge": 1, "name": "shop", "variables": variables,
        "services": { "api": {
            "build": { "stack": "python", "context": "./api" }, "command": ["python"], "port": 8000,
            "environment": environment, "variables": names,
        } },
    })
}

fn takes(environment: &Value, variables: &Value) -> bool {
    matches!(outcome(&yaml(&spec_of(environment, variables), 0)), Outcome::Files(_))
}

/// The environment of `api`, as compose would set it.
fn configured(sandbox: &Sandbox) -> Value {
    let mut command = Command::new("docker");
    command.args(["compose", "config", "--format", "json"]).current_dir(sandbox.path(""));
    command.env_clear().envs(["PATH", "HOME"].into_iter().filter_map(|it| Some((it, std::env::var_os(it)?))));
    let ended = end(command);
    assert_eq!(ended.code, 0, "{}", ended.text());
    // `config` writes a file that compose would read again: a `$` stands twice.
    let text = ended.json()["services"]["api"]["environment"].clone();
    undollared(&text)
}

fn undollared(value: &Value) -> Value {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, it)| (key.clone(), json!(it.as_str().unwrap_or_default().replace("$$", "$"))))
        .collect()
}
