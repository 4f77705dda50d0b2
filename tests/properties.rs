//! What holds for every spec, whatever is in it.

mod hostile;
mod meaning;
pub(crate) mod random;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use forge::catalog::Catalog;
use forge::compare::{Found, Kind, MANIFEST_VERSION, Manifest, Record, compare, digest};
use forge::diagnostic::{Diagnostic, Severity};
use forge::project::Resolved;
use forge::render::Engine;
use forge::resolve::KnownRule;
use forge::schema::Judge;
use forge::targets::{Artifact, Extent, Unplanned};
use forge::yaml::Doc;
use serde_json::Value;

/// Everything that does not depend on the spec, made once.
struct Forge {
    catalog: Catalog,
    engine: Engine,
    judge: Judge,
    rules: Vec<KnownRule>,
}

static FORGE: LazyLock<Forge> = LazyLock::new(|| {
    let catalog = Catalog::new(&[]).expect("the catalogue that comes with forge is whole");
    let engine = Engine::new(&catalog).expect("the templates that come with forge parse");
    let judge = Judge::new(&catalog.choices());
    Forge { catalog, engine, judge, rules: forge::contract::known_rules() }
});

/// What became of a text on its way to files.
enum Outcome {
    Files(BTreeMap<String, Artifact>),
    /// With the document, so that places can be looked up.
    Refused(Option<Doc>, Vec<Diagnostic>),
    /// Never right: the spec was taken, and then no files came of it.
    Broken(String),
}

fn outcome(text: &str) -> Outcome {
    let forge = &*FORGE;
    let doc = match forge::yaml::read(text) {
        Ok(doc) => doc,
        Err(diagnostic) => return Outcome::Refused(None, vec![diagnostic]),
    };
    let spec = match forge.judge.read(&doc) {
        Ok(spec) => spec,
        Err(them) => return Outcome::Refused(Some(doc), them),
    };
    let resolved = match forge::resolve::resolve(&doc, &spec, &forge.catalog, None, &forge.judge, &forge.rules) {
        Ok((resolved, _)) => resolved,
        Err(them) => return Outcome::Refused(Some(doc), them),
    };
    match forge::targets::plan(&resolved, &forge.engine) {
        Ok(artifacts) => Outcome::Files(artifacts.into_iter().map(|it| (it.path.clone(), it)).collect()),
        Err(Unplanned::Template(broken)) => Outcome::Broken(format!("{}: {}", broken.file, broken.message)),
        Err(Unplanned::Patches(them)) => Outcome::Refused(Some(doc), them),
    }
}

/// All that is said of a spec that is a document.
pub(crate) fn told(text: &str) -> (Doc, Vec<Diagnostic>) {
    let forge = &*FORGE;
    let doc = forge::yaml::read(text).expect("it is a document");
    let them = match forge.judge.read(&doc) {
        Err(them) => them,
        Ok(spec) => match forge::resolve::resolve(&doc, &spec, &forge.catalog, None, &forge.judge, &forge.rules) {
            Ok((resolved, warnings)) if resolved.base.patches.is_empty() => warnings,
            Ok((resolved, _)) => match forge::targets::plan(&resolved, &forge.engine) {
                Ok(wanted) => forge::contract::broken_by_patches(&resolved, &wanted),
                Err(Unplanned::Patches(them)) => them,
                Err(Unplanned::Template(broken)) => panic!("forge's own templates render: {broken:?}"),
            },
            Err(them) => them,
        },
    };
    (doc, them)
}

/// A valid spec with its files.
pub(crate) fn resolved(text: &str) -> (Resolved, Vec<Artifact>) {
    let forge = &*FORGE;
    let doc = forge::yaml::read(text).expect("it is a document");
    let spec = forge.judge.read(&doc).expect("it is a spec");
    let found = forge::resolve::resolve(&doc, &spec, &forge.catalog, None, &forge.judge, &forge.rules);
    let (resolved, _) = found.expect("it is sound");
    let wanted = forge::targets::plan(&resolved, &forge.engine).expect("forge's own templates render");
    (resolved, wanted)
}

/// The files of a spec that is valid, for sure.
fn files(text: &str) -> Result<BTreeMap<String, Artifact>, String> {
    match outcome(text) {
        Outcome::Files(files) => Ok(files),
        Outcome::Refused(_, them) => {
            let errors: Vec<&Diagnostic> = them.iter().filter(|it| it.severity == Severity::Error).collect();
            Err(format!("refused: {errors:#?}"))
        }
        Outcome::Broken(why) => Err(format!("no files: {why}")),
    }
}

/// The comparison of what is wanted with just that on disk.
fn compared_with_itself(files: &BTreeMap<String, Artifact>) -> Vec<(String, Kind)> {
    let wanted: Vec<Artifact> = files.values().cloned().collect();
    let record = |it: &Artifact| Record {
        path: it.path.clone(),
        executable: it.executable,
        base: digest(it.text.as_bytes()),
        interrupted: Vec::new(),
    };
    let manifest = Manifest {
        version: MANIFEST_VERSION,
        forge: String::new(),
        artifacts: wanted.iter().filter(|it| it.extent == Extent::File).map(|it| (it.id.clone(), record(it))).collect(),
        ..Manifest::default()
    };
    let find = |path: &str| {
        let found = files.get(path).map(|it| Found { bytes: it.text.clone().into(), executable: Some(it.executable) });
        Ok::<_, ()>(found)
    };
    let changes = compare(&wanted, &manifest, find, |_| None).expect("nothing fails");
    changes.into_iter().filter(|it| it.kind != Kind::Same).map(|it| (it.path, it.kind)).collect()
}

/// A spec as YAML, every text in double quotes with all that is not plain ASCII as an escape, so that what is tested
/// is what forge writes and not what it reads. `turn` says by how much the entries of each map are rotated.
fn yaml(value: &Value, turn: usize) -> String {
    let mut out = String::new();
    write_block(&mut out, value, 0, turn);
    out
}

fn write_block(out: &mut String, value: &Value, depth: usize, turn: usize) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            let mut order: Vec<&String> = entries.keys().collect();
            order.rotate_left(turn % entries.len());
            if turn % 2 == 1 {
                order.reverse();
            }
            for key in order {
                write!(out, "\n{:depth$}{}:", "", quoted(key)).expect("a string grows");
                write_block(out, &entries[key], depth + 2, turn);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                write!(out, "\n{:depth$}-", "").expect("a string grows");
                write_block(out, item, depth + 2, turn);
            }
        }
        Value::Object(_) => out.push_str(" {}"),
        Value::Array(_) => out.push_str(" []"),
        Value::String(text) => write!(out, " {}", quoted(text)).expect("a string grows"),
        other => write!(out, " {other}").expect("a string grows"),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for it in text.chars() {
        match it {
            '"' | '\\' => out.extend(['\\', it]),
            ' '..='~' => out.push(it),
            _ => write!(out, "\\U{:08x}", it as u32).expect("a string grows"),
        }
    }
    out.push('"');
    out
}
