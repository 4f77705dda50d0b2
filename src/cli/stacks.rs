//! `forge stacks`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::ends::today;
use super::project::own_catalog;
use super::{Answer, Failure, Format, Shell};
use crate::catalog::{Catalog, Entry};

/// List stacks and backings, or describe one
///
/// With a name: its versions with their end of life, its options, and what of it never was built and booted on an engine,
/// and why. The project's own in forge-templates/ are among them.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A stack or kind of backing
    name: Option<String>,
    /// How to say it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, shell: &mut Shell<'_>) -> Result<Answer, Failure> {
    let catalog = own_catalog(shell)?;
    let text = match (&arguments.name, arguments.format) {
        (None, Format::Human) => list(&catalog),
        (Some(name), Format::Human) => described(name, entry(&catalog, name)?, &today()),
        (None, Format::Json) => all(&catalog),
        (Some(name), Format::Json) => format!("{:#}\n", said(entry(&catalog, name)?)),
    };
    shell.answer(&text)?;
    Ok(Answer::Yes)
}

fn entry<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Entry, Failure> {
    catalog.stacks.get(name).or_else(|| catalog.backings.get(name)).ok_or_else(|| {
        let known = catalog.stacks.keys().chain(catalog.backings.keys()).map(String::as_str);
        Failure::unknown("there is no stack or backing", name, known, "`forge stacks` lists them")
    })
}

fn list(catalog: &Catalog) -> String {
    let mut out = String::new();
    let width = catalog.stacks.keys().chain(catalog.backings.keys()).map(|it| it.chars().count()).max().unwrap_or(0);
    for (title, entries) in
        [("stacks, for `build: { stack: … }`", &catalog.stacks), ("backings, for `kind: …`", &catalog.backings)]
    {
        let _ = writeln!(out, "{title}");
        for (name, entry) in entries {
            let versions: Vec<&str> = entry.versions.keys().map(String::as_str).collect();
            let own = if entry.own { "; of this project" } else { "" };
            let unproven = entry.unproven.as_ref().map(|it| format!("; unproven: {it}")).unwrap_or_default();
            let choices = match entry.choices_unproven().len() {
                _ if entry.unproven.is_some() => String::new(),
                0 => String::new(),
                1 => "; 1 choice unproven".to_owned(),
                some => format!("; {some} choices unproven"),
            };
            let versions = versions.join(", ");
            let _ = writeln!(out, "  {name:<width$}  {}: {}", entry.title, entry.about);
            let _ = writeln!(out, "  {:<width$}  {versions}{own}{unproven}{choices}", "");
        }
        out.push('\n');
    }
    out.push_str("`forge stacks <name>` says more about one\n");
    out
}

fn described(name: &str, entry: &Entry, today: &str) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{name}: {}\n{}\n", entry.title, entry.about);
    if let Some(why) = &entry.unproven {
        let _ = writeln!(out, "unproven: {why}\n");
    }
    out.push_str("versions\n");
    for (version, it) in &entry.versions {
        let default = if *version == entry.default_version { ", the default" } else { "" };
        let end = it.end_of_life.as_ref().map(|it| {
            let until = if it.as_str() < today { "ended" } else { "until" };
            format!(", {until} {it}")
        });
        let end = end.unwrap_or_default();
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
    let unproven = entry.choices_unproven();
    if !unproven.is_empty() {
        out.push_str("\nnever built and booted by forge's tests\n");
        for (_, it) in unproven {
            let _ = writeln!(out, "  {}: {}", it.choice, it.why);
        }
    }
    if !entry.uses.is_empty() {
        out.push_str("\nuse\n");
        for (index, (usage, about)) in entry.uses.iter().enumerate() {
            let _ = writeln!(out, "  {usage}: {about}{}", if index == 0 { " (the default)" } else { "" });
        }
    }
    if let Some(audits) = entry.facts["audits"].as_object() {
        let names: Vec<&str> = audits.keys().map(String::as_str).collect();
        let _ =
            writeln!(out, "\naudits, for `build: {{ audit: […] }}` and `ci: {{ audit: … }}`\n  {}", names.join(", "));
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

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// All stacks and backings, for programs.
fn all(catalog: &Catalog) -> String {
    let of = |entries: &std::collections::BTreeMap<String, Entry>| -> Value {
        entries.iter().map(|(name, it)| (name.clone(), said(it))).collect::<serde_json::Map<_, _>>().into()
    };
    format!("{:#}\n", json!({ "stacks": of(&catalog.stacks), "backings": of(&catalog.backings) }))
}

/// What there is to say of one, for programs.
fn said(entry: &Entry) -> Value {
    let unproven: Vec<Value> =
        entry.choices_unproven().into_iter().map(|(case, it)| json!({ "when": case.when, "why": it.why })).collect();
    let names = |key: &str| entry.facts[key].as_object().map(|it| it.keys().collect::<Vec<_>>()).unwrap_or_default();
    json!({
        "title": entry.title,
        "about": entry.about,
        "own": entry.own,
        "default_version": entry.default_version,
        "versions": entry.versions,
        "options": entry.options,
        "use": entry.uses,
        "audits": names("audits"),
        "outputs": names("outputs"),
        "unproven": entry.unproven,
        "choices_unproven": unproven,
    })
}
