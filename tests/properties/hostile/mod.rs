//! Texts that mean something to YAML, compose, Docker, a shell, `.env` or nginx, in every text field of the spec: each
//! comes back unchanged when the files are read again, or is refused at its place.

mod docker;
mod scripts;
mod table;
mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::thread;

use forge::diagnostic::{Diagnostic, Path, Place, Step};
use forge::targets::Artifact;
use forge::yaml::{Doc, Node};
use serde_json::{Map, Value, json};

use super::meaning::{meaning, substituted};
use super::{FORGE, Outcome, outcome, yaml};
use scripts::unreadable;
use table::Fate::{Lands, Refused, Vanishes};
use table::{BASE, FIELDS, Field};
use texts::{HOSTILE, MORE};

/// What is put where the hostile texts go, to see where they land: fits every field, and is no part of anything else.
fn markers(field: &str) -> &'static [&'static str] {
    match field {
        "secrets.*.vault.path" => &["zqx/zqx"],
        _ if field.ends_with(".path") || field.ends_with(".http") || field.ends_with("writable.{key}") => {
            &["/tmp/zqx", "/zqx/"]
        }
        "services.*.image" | "gateway.image" => &["zqx:1"],
        "gateway.routes[].redirect.to" => &["/zqx/"],
        "gateway.headers.csp.report_uri" | "services.*.private.paths[]" => &["/zqx"],
        "backings.*.options.init[]" => &["zqx.sql"],
        "layout.compose.*.file" => &["zqx.yml"],
        "services.*.build.options.base_path" | "services.*.build.options.workdir" => &["/zqx"],
        "services.*.build.options.version_variable" => &["main.zqx"],
        "layout.dockerfile" => &["{service}/Dockerfile.zqx"],
        _ => &["zqx", "ZQX"],
    }
}

// ---- places in a spec ------------------------------------------------------------------------------------------

fn base() -> Value {
    forge::yaml::read(BASE).expect("the spec of this test is YAML").root.json()
}

/// Where texts are put, and who runs CI.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Spec,
    Overlay,
    Gitlab,
}

/// [`BASE`] without what has nothing to do with the places: there are thousands of texts to try.
fn around(places: &[&str], way: Way) -> Value {
    let over = way == Way::Overlay;
    let mut spec = base();
    let group = places[0].split('.').next().unwrap_or_default();
    if way == Way::Gitlab {
        spec["ci"]["provider"] = json!("gitlab");
    }
    for (kind, host, login) in [
        ("ecr", "1234.dkr.ecr.eu-west-1.amazonaws.com", json!({ "role": "arole" })),
        ("gar", "europe-docker.pkg.dev/acme", json!({ "identity_provider": "anid", "service_account": "anaccount" })),
        (
            "acr",
            "acme.azurecr.io",
            ["client", "tenant", "subscription"]
                .map(|it| (it, json!("5ad1c9f2-0000-4000-8000-000000000001")))
                .into_iter()
                .collect(),
        ),
    ] {
        if places[0].starts_with(&format!("ci.login.{kind}.")) {
            spec["registry"] = json!(host);
            spec["ci"]["login"] = json!({ kind: login });
        }
    }
    if places[0].starts_with("ci.bot.app.") {
        spec["ci"]["bot"] = json!({ "app": { "client": "ACLIENT", "key": "AKEY" } });
    }
    if ["email", "directory", "ca"].iter().any(|it| places[0] == format!("gateway.tls.{it}")) {
        spec["gateway"]["tls"] =
            json!({ "mode": "acme", "email": "a@example.com", "directory": "https://ca.example.com/", "ca": "0.pem" });
    }
    let top = spec.as_object_mut().expect("a spec is a map");
    if over || !["name", "registry", "services", "environments", "layout", "ci"].contains(&group) {
        top.remove("ci");
    }
    // What is private is the gateway's to refuse.
    let private = places[0].contains(".private.");
    if !private && !["name", "environments", "gateway", "layout"].contains(&group) {
        top.remove("gateway");
    }
    if group != "layout" {
        top.remove("layout");
    }
    // `api` is what others need.
    let named = places.iter().filter_map(|it| it.strip_prefix("services.")?.split('.').next());
    let mut services: Vec<&str> = named.chain(["api"]).collect();
    services.extend(match group {
        "name" | "environments" => &["alone", "also", "asset", "blog", "box"][..],
        // Routes lead there.
        "gateway" | "layout" => &["also", "blog"],
        "defaults" => &["asset", "blog"],
        "services" if private => &["also"],
        "services" if places[0].starts_with("services.api.") => &["alone"],
        "services" => &[],
        _ => &["blog"],
    });
    top["services"].as_object_mut().expect("they are a map").retain(|name, _| services.contains(&name.as_str()));
    if group != "backings" {
        top["backings"].as_object_mut().expect("they are a map").remove("cache");
    }
    let environments = top["environments"].as_object_mut().expect("they are a map");
    if over || !["name", "environments", "layout", "services"].contains(&group) {
        environments.remove("alpha");
    }
    if !over && !["name", "environments", "ci", "layout", "services", "registry"].contains(&group) {
        environments.remove("beta");
    }
    spec
}

/// `services.api.writable./data/up.{key}`: dots divide, `[0]` is an index, the rest is a key, in which `~` is a dot.
fn steps(place: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in place.split('.') {
        let (key, index) = part.split_once('[').map_or((part, None), |(key, rest)| (key, rest.strip_suffix(']')));
        steps.push(Step::Key(key.replace('~', ".").into()));
        steps.extend(index.and_then(|it| it.parse().ok()).map(Step::Index));
    }
    steps
}

fn entry<'a>(value: &'a mut Value, step: &Step) -> &'a mut Value {
    match step {
        Step::Key(key) => {
            if !value.is_object() {
                *value = json!({});
            }
            value.as_object_mut().expect("it was made one").entry(&**key).or_insert(Value::Null)
        }
        Step::Index(index) => &mut value[*index],
    }
}

/// Puts `text` at `place`, and gives the path at which it then stands.
fn put(spec: &mut Value, place: &str, text: &str) -> Path {
    let mut steps = steps(place);
    let is_key = steps.last() == Some(&Step::Key("{key}".into()));
    if is_key {
        steps.pop();
    }
    let (last, before) = steps.split_last().expect("a place has a name");
    let mut at = &mut *spec;
    for step in before {
        at = entry(at, step);
    }
    let mut path = Path(before.to_vec());
    if is_key {
        let Step::Key(old) = last else { panic!("{place}: an index is no key") };
        let map = at.as_object_mut().expect("an entry is in a map");
        let renamed: Map<String, Value> = std::mem::take(map)
            .into_iter()
            .map(|(key, value)| if *key == **old { (text.to_owned(), value) } else { (key, value) })
            .collect();
        *map = renamed;
        path = path.key(text);
    } else {
        *entry(at, last) = json!(text);
        path.0.push(last.clone());
    }
    path
}

/// The spec with `text` at every place, and those places. In an overlay, if `way` says so.
fn spec_with(places: &[&str], text: &str, way: Way) -> (Value, Vec<Path>) {
    let base = around(places, way);
    let mut spec = base.clone();
    let mut paths = Vec::new();
    for place in places {
        if way == Way::Overlay {
            let mut part = json!({});
            let mut steps = steps(place);
            steps.retain(|it| *it != Step::Key("{key}".into()));
            // The whole list or map around it: an overlay replaces lists, and a name stands with what it names.
            let keys = steps.iter().take_while(|it| matches!(it, Step::Key(_))).count();
            let depth = if place.ends_with("{key}") { steps.len() - 1 } else { keys };
            let (mut from, mut to) = (&base, &mut part);
            for step in &steps[..depth] {
                let Step::Key(key) = step else { break };
                from = &from[&**key];
                to = entry(to, step);
            }
            *to = from.clone();
            let path = put(&mut part, place, text);
            let overlay = entry(
                entry(entry(&mut spec, &Step::Key("environments".into())), &Step::Key("beta".into())),
                &Step::Key("overlay".into()),
            );
            merge(overlay, &part);
            let mut whole = Path::of(["environments", "beta", "overlay"]);
            whole.0.extend(path.0);
            paths.push(whole);
        } else {
            paths.push(put(&mut spec, place, text));
        }
    }
    (spec, paths)
}

fn merge(base: &mut Value, over: &Value) {
    match (&mut *base, over) {
        (Value::Object(base), Value::Object(over)) => {
            over.iter().for_each(|(key, it)| merge(base.entry(key).or_insert(Value::Null), it));
        }
        _ => *base = over.clone(),
    }
}

// ---- what becomes of a text ------------------------------------------------------------------------------------

type Meanings = BTreeMap<String, Value>;

fn meanings(files: &BTreeMap<String, Artifact>) -> Result<Meanings, String> {
    files
        .iter()
        .map(|(path, it)| match meaning(it) {
            Ok(value) => Ok((path.clone(), value)),
            Err(why) => Err(format!("{path}: {why}")),
        })
        .collect()
}

/// All files with the marker at the places of a field.
struct Landed {
    marker: &'static str,
    files: BTreeMap<String, Artifact>,
    meanings: Meanings,
}

/// Where the marker lands when it stands at the places of `field`; nothing, if the field takes no marker.
fn landed(field: &Field, way: Way) -> Option<Landed> {
    markers(field.field).iter().find_map(|marker| {
        let (spec, _) = spec_with(field.places, marker, way);
        let Outcome::Files(files) = outcome(&yaml(&spec, 0)) else { return None };
        let meanings = meanings(&files).expect("files without anything hostile have a meaning");
        Some(Landed { marker, files, meanings })
    })
}

/// What became of one text in one field.
enum Verdict {
    Refused,
    Unchanged,
    Harm(String),
}

/// Whether `text` at the places of `field` is brought into the files unchanged, or is refused there.
fn harm(field: &Field, text: &str, way: Way, landed: Option<&Landed>) -> Verdict {
    let (spec, paths) = spec_with(field.places, text, way);
    let harm = match outcome(&yaml(&spec, 0)) {
        Outcome::Broken(why) => Some(format!("taken, and no files come of it: {why}")),
        // A key of more than 1024 characters is no key to YAML.
        Outcome::Refused(None, _) if text.len() > 1000 => return Verdict::Refused,
        Outcome::Refused(None, them) => Some(format!("read as no YAML: {}", them[0].message)),
        // Not in a message of compose, which would replace it: in .env.example alone.
        Outcome::Files(_) if field.field.ends_with("description") && text.contains(['$', '{', '}']) => None,
        Outcome::Refused(Some(doc), them) => match misplaced(&doc, &them, &paths) {
            None => return Verdict::Refused,
            some => some,
        },
        Outcome::Files(_) if field.fate == Refused => Some("taken, and nothing of that name is there".to_owned()),
        Outcome::Files(files) => match landed {
            None => Some("taken, and a harmless text is not".to_owned()),
            Some(landed) => difference(landed, files, text),
        },
    };
    harm.map_or(Verdict::Unchanged, Verdict::Harm)
}

/// Whether something is said about the words themselves.
fn misplaced(doc: &Doc, them: &[Diagnostic], paths: &[Path]) -> Option<String> {
    let mut ranges = Vec::new();
    for path in paths {
        doc.root.at(path).into_iter().for_each(|it| all_ranges(it, &mut ranges));
        // An item of a list has no name of its own.
        let keys = path.0.iter().take_while(|it| matches!(it, Step::Key(_))).count();
        ranges.extend(doc.root.at(&Path(path.0[..keys].to_vec())).map(|it| it.key.clone()));
    }
    let touches = |it: &Diagnostic| {
        let range = doc.locate(&it.place);
        let overlaps = |other: &Range<usize>| range.start < other.end && other.start < range.end;
        let is_there = !range.is_empty() && range.end <= doc.text.len();
        // What is baked into images is told at the image, wherever in the overlay it came from.
        is_there && (it.code.name == "overlay-baked" || ranges.iter().any(overlaps))
    };
    if them.iter().any(touches) {
        return None;
    }
    let shown: Vec<String> = them
        .iter()
        .map(|it| {
            let range = doc.locate(&it.place);
            let words = doc.text.get(range.clone()).unwrap_or("").chars().take(40).collect::<String>();
            format!("{} ({}) at {range:?} {words:?}", it.message.chars().take(100).collect::<String>(), it.code.name)
        })
        .collect();
    Some(format!("refused, and no message points at it: {}", shown.join("; ")))
}

/// Where a value, its key and all below it stand.
fn all_ranges(node: &Node, out: &mut Vec<Range<usize>>) {
    out.extend([node.key.clone(), node.at.clone()]);
    node.entries().for_each(|(_, it)| all_ranges(it, out));
    node.items().iter().for_each(|it| all_ranges(it, out));
}

/// Whether the files say anything else than those with the marker, but for the text in its place.
fn difference(landed: &Landed, mut files: BTreeMap<String, Artifact>, text: &str) -> Option<String> {
    // Most files have nothing of the text in them.
    let same = |path: &String, it: &Artifact| landed.files.get(path).is_some_and(|marked| marked.text == it.text);
    let untouched: BTreeSet<String> = files.iter().filter(|(path, it)| same(path, it)).map(|it| it.0.clone()).collect();
    files.retain(|path, _| !untouched.contains(path));
    let found = match meanings(&files) {
        Ok(found) => found,
        Err(why) => return Some(format!("taken, and then {why}")),
    };
    if let Some(it) = files.values().filter(|it| it.executable).find_map(|it| unreadable(&it.text)) {
        return Some(format!("taken, and a shell cannot read a script: {it}"));
    }
    let name = text.trim_end_matches('/').trim_start_matches("./");
    let put = |(path, it): (&String, &Value)| (path.replace(landed.marker, name), substituted(it, landed.marker, text));
    let wanted: Meanings = landed.meanings.iter().filter(|it| !untouched.contains(it.0)).map(put).collect();
    let found: Meanings = found.iter().map(|(path, it)| (path.clone(), substituted(it, "\u{0}none", ""))).collect();
    let paths: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let path = paths.into_iter().find(|it| wanted.get(*it) != found.get(*it))?;
    let (Some(wanted), Some(found)) = (wanted.get(path), found.get(path)) else {
        return Some(format!("taken, and {path:?} is there in one case only"));
    };
    let (wanted, found) = first_difference(wanted, found);
    Some(format!("taken, and {path} then means\n      {found}\n    instead of\n      {wanted}"))
}

fn first_difference(wanted: &Value, found: &Value) -> (String, String) {
    let pair = match (wanted, found) {
        (Value::Object(a), Value::Object(b)) if a.keys().collect::<BTreeSet<_>>() == b.keys().collect() => {
            a.iter().map(|(key, it)| (it, &b[key])).find(|(a, b)| a != b)
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a.iter().zip(b).find(|(a, b)| a != b),
        _ => None,
    };
    let short = |it: &Value| it.to_string().chars().take(300).collect::<String>();
    pair.map_or_else(|| (short(wanted), short(found)), |(a, b)| first_difference(a, b))
}

/// Tries every hostile text in every field, on as many threads as there are cores.
fn harms(way: Way) -> Vec<String> {
    let over = way == Way::Overlay;
    let is_tried = |it: &&Field| match way {
        Way::Spec => true,
        // The pipeline is one for all environments.
        Way::Overlay => !is_whole(it.field),
        // What is in the file of its own.
        Way::Gitlab => {
            ["name", "registry", "services.{key}", "services.*.build.context", "environments.{key}"].contains(&it.field)
                || it.field.starts_with("ci.") && !it.field.starts_with("ci.bot.app.") && it.field != "ci.updates"
        }
    };
    let fields: Vec<&Field> = FIELDS.iter().filter(is_tried).collect();
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let mut found: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let fields: Vec<&Field> = fields.iter().copied().skip(worker).step_by(threads).collect();
                scope.spawn(move || {
                    let mut found = Vec::new();
                    for field in fields {
                        let landed = landed(field, way);
                        let mut taken = 0;
                        let mut try_them = |texts: &[String]| {
                            for text in texts {
                                match harm(field, text, way, landed.as_ref()) {
                                    Verdict::Refused => {}
                                    Verdict::Unchanged => taken += 1,
                                    Verdict::Harm(why) => {
                                        let text: String = text.chars().take(40).collect();
                                        found.push(format!("{} = {text:?}: {why}", field.field));
                                    }
                                }
                            }
                            taken
                        };
                        // In overlays the same code is at work, and words that are looked up are looked up in one way.
                        let step = if over {
                            3
                        } else if field.fate == Refused {
                            2
                        } else {
                            1
                        };
                        let texts: Vec<String> =
                            HOSTILE.iter().skip(field.field.len() % step).step_by(step).cloned().collect();
                        if try_them(&texts) > HOSTILE.len() / 2 && field.fate == Lands {
                            try_them(&MORE);
                        }
                    }
                    found
                })
            })
            .collect();
        workers.into_iter().flat_map(|it| it.join().expect("no text makes forge panic")).collect()
    });
    found.sort();
    found
}

fn assert_none(found: &[String]) {
    // One of each field is enough to see what is wrong.
    let mut fields = BTreeSet::new();
    let shown: Vec<&str> =
        found.iter().filter(|it| fields.insert(it.split(" = ").next())).map(String::as_str).collect();
    assert!(found.is_empty(), "{} texts do harm, among them\n{}", found.len(), shown.join("\n"));
}

#[test]
fn a_hostile_text_comes_back_unchanged_or_is_refused_at_its_place() {
    assert_none(&harms(Way::Spec));
}

#[test]
fn a_hostile_text_in_an_overlay_comes_back_unchanged_or_is_refused_at_its_place() {
    assert_none(&harms(Way::Overlay));
}

#[test]
fn a_hostile_text_in_a_pipeline_of_gitlab_comes_back_unchanged_or_is_refused_at_its_place() {
    assert_none(&harms(Way::Gitlab));
}

/// Without this, a field whose harmless text is refused as well would prove nothing.
#[test]
fn a_harmless_text_lands_in_the_files_of_every_field_that_says_so() {
    let wrong = FIELDS.iter().filter_map(|field| {
        let lands = |found: &Meanings, marker: &str| {
            let text = format!("{found:?}").to_lowercase();
            text.contains(marker.trim_matches('/').rsplit('/').next().unwrap_or(marker).to_lowercase().as_str())
        };
        let why = match (field.fate, landed(field, Way::Spec)) {
            (Lands, Some(it)) => (!lands(&it.meanings, it.marker)).then_some("it lands nowhere"),
            (Vanishes, Some(it)) => lands(&it.meanings, it.marker).then_some("it does land"),
            (Refused, None) => None,
            (_, None) => Some("a harmless text is refused"),
            (Refused, Some(_)) => Some("nothing of that name is there, and it is taken"),
        };
        why.map(|why| format!("{}: {why}", field.field))
    });
    assert_none(&wrong.collect::<Vec<_>>());
}

// ---- the table is whole ----------------------------------------------------------------------------------------

/// The text fields of a schema: `services.*.command[]`, and `services.{key}` for names.
fn text_fields(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(schema, schema, "", &mut Vec::new(), &mut found);
    found
}

fn walk(root: &Value, schema: &Value, at: &str, inside: &mut Vec<String>, found: &mut BTreeSet<String>) {
    let below = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    if let Some(reference) = schema["$ref"].as_str() {
        // An overlay has the fields of a spec, and is tried with each of them.
        if reference.ends_with("/Overlay") || inside.iter().any(|it| it == reference) {
            return;
        }
        inside.push(reference.to_owned());
        let target = root.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere");
        walk(root, target, at, inside, found);
        inside.pop();
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect::<Vec<_>>(),
    };
    let says_text = ["enum", "const"].iter().any(|it| match &schema[*it] {
        Value::Array(words) => words.iter().any(Value::is_string),
        word => word.is_string(),
    });
    if types.contains(&"string") || schema.get("pattern").is_some() || says_text {
        found.insert(at.to_owned());
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        schema[key].as_array().into_iter().flatten().for_each(|it| walk(root, it, at, inside, found));
    }
    for key in ["then", "else"] {
        if schema[key].is_object() {
            walk(root, &schema[key], at, inside, found);
        }
    }
    if schema["items"].is_object() {
        walk(root, &schema["items"], &format!("{at}[]"), inside, found);
    }
    for (key, it) in schema["properties"].as_object().into_iter().flatten() {
        walk(root, it, &below(key), inside, found);
    }
    for (_, it) in schema["patternProperties"].as_object().into_iter().flatten() {
        found.insert(below("{key}"));
        walk(root, it, &below("*"), inside, found);
    }
    match &schema["additionalProperties"] {
        Value::Object(_) => {
            found.insert(below("{key}"));
            walk(root, &schema["additionalProperties"], &below("*"), inside, found);
        }
        Value::Bool(true) => drop(found.insert(below("{key}"))),
        _ => {}
    }
}

#[test]
fn every_text_field_of_the_schema_is_tried() {
    let schema = forge::schema::document(&FORGE.catalog.choices());
    let mut wanted = text_fields(&schema);
    // What a patch writes is meant for the file as it is; `patch::tests` tries its texts.
    wanted.retain(|it| !it.starts_with("patches"));
    let tried: BTreeSet<String> = FIELDS.iter().map(|it| it.field.to_owned()).collect();
    let missing: Vec<&String> = wanted.difference(&tried).collect();
    assert!(missing.is_empty(), "add these to FIELDS in tests/properties/hostile/table.rs: {missing:#?}");
    let gone: Vec<&String> = tried.difference(&wanted).collect();
    assert!(gone.is_empty(), "the schema has no such text fields any more: {gone:#?}");
}

/// Whether a field is about all environments.
fn is_whole(field: &str) -> bool {
    ["name", "environments", "layout", "patches", "ci"].contains(&field.split(['.', '[']).next().unwrap_or_default())
}

/// An overlay is a spec without what is about all environments: that is why trying a field there is trying it everywhere.
#[test]
fn an_overlay_has_the_text_fields_of_a_spec() {
    let schema = forge::schema::document(&FORGE.catalog.choices());
    let mut overlay = schema["$defs"]["Overlay"].clone();
    overlay["$defs"] = schema["$defs"].clone();
    let mut wanted = text_fields(&schema);
    wanted.retain(|it| !is_whole(it));
    assert_eq!(text_fields(&overlay), wanted);
}

/// The words themselves are what is pointed at, not the line or the map around them.
#[test]
fn a_refused_text_is_pointed_at_exactly() {
    let (spec, paths) = spec_with(&["services.api.environment.AAA"], "a\0b", Way::Spec);
    let Outcome::Refused(Some(doc), them) = outcome(&yaml(&spec, 0)) else { panic!("NUL is refused") };
    let at = doc.locate(&them[0].place);
    assert_eq!((them.len(), them[0].place.clone()), (1, Place::Value(paths[0].clone())));
    assert_eq!(&doc.text[at], "\"a\\U00000000b\"");
}
