//! `forge stacks`.

use std::fmt::Write as _;

use super::project::own_catalog;
use super::{Answer, Failure, Shell};
use crate::catalog::{Catalog, Entry};

/// List stacks and backings, or describe one
///
/// With a name: its versions with their end of life, its options, and whether it was built and booted on an engine.
/// The project's own in forge-templates/ are among them.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A stack or kind of backing
    name: Option<String>,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let catalog = own_catalog(shell)?;
    let text = match &arguments.name {
        None => list(&catalog),
        Some(name) => describe(&catalog, name)?,
    };
    shell.answer(&text)?;
    Ok(Answer::Yes)
}

fn list(catalog: &Catalog) -> String {
    let mut out = String::new();
    for (title, entries) in
        [("stacks, for `build: { stack: … }`", &catalog.stacks), ("backings, for `kind: …`", &catalog.backings)]
    {
        let _ = writeln!(out, "{title}");
        for (name, entry) in entries {
            let versions: Vec<&str> = entry.versions.keys().map(String::as_str).collect();
            let own = if entry.own { "; of this project" } else { "" };
            let unproven = entry.unproven.as_ref().map(|it| format!("; unproven: {it}")).unwrap_or_default();
            let _ =
                writeln!(out, "  {name:<10} {}: {} ({}{own}{unproven})", entry.title, entry.about, versions.join(", "));
        }
        out.push('\n');
    }
    out.push_str("`forge stacks <name>` says more about one\n");
    out
}

fn describe(catalog: &Catalog, name: &str) -> Result<String, Failure> {
    let Some(entry) = catalog.stacks.get(name).or_else(|| catalog.backings.get(name)) else {
        let known = catalog.stacks.keys().chain(catalog.backings.keys()).map(String::as_str);
        return Err(Failure::unknown("there is no stack or backing", name, known, "`forge stacks` lists them"));
    };
    Ok(described(name, entry))
}

fn described(name: &str, entry: &Entry) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{name}: {}\n{}\n", entry.title, entry.about);
    if let Some(why) = &entry.unproven {
        let _ = writeln!(out, "unproven: {why}\n");
    }
    out.push_str("versions\n");
    for (version, it) in &entry.versions {
        let default = if *version == entry.default_version { ", the default" } else { "" };
        let end = it.end_of_life.as_ref().map(|it| format!(", until {it}")).unwrap_or_default();
        let unproven = it.unproven.as_ref().map(|it| format!(", unproven: {it}")).unwrap_or_default();
        let _ = writeln!(out, "  {version}{end}{default}{unproven}");
    }
    if !entry.options.is_empty() {
        out.push_str("\noptions\n");
        for (option, schema) in &entry.options {
            let choices = schema["enum"].as_array().map(|it| it.iter().map(plain).collect::<Vec<_>>().join(" | "));
            let kind = choices.unwrap_or_else(|| plain(&schema["type"]));
            let default = schema.get("default").map(|it| format!("; {} if left out", plain(it))).unwrap_or_default();
            let _ = writeln!(out, "  {option}: {kind}{default}\n      {}", plain(&schema["description"]));
        }
    }
    if !entry.uses.is_empty() {
        out.push_str("\nuse\n");
        for (index, (usage, about)) in entry.uses.iter().enumerate() {
            let _ = writeln!(out, "  {usage}: {about}{}", if index == 0 { " (the default)" } else { "" });
        }
    }
    if let Some(outputs) = entry.facts["outputs"].as_object() {
        out.push_str("\noutputs, for `needs: { db: { environment: { VARIABLE: output } } }`\n");
        let short = entry.facts["short"].as_array();
        for (output, it) in outputs {
            let is_short = short.is_some_and(|names| names.iter().any(|name| name == output));
            let secret = if it.get("secret").is_some() { ", with a secret: made by the entrypoint" } else { "" };
            let _ = writeln!(out, "  {output}{}{secret}", if is_short { ", also for `needs: [db]`" } else { "" });
        }
    }
    out
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
