//! A project on disk: its spec read, resolved and planned, with everything that there is to say about it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path as FilePath, PathBuf};
use std::sync::Arc;

use super::ends::{ended, today};
use super::lacks::{
    contexts, folders_of_root, missing_encrypted_files, missing_files, missing_files_of_backings, missing_served,
    missing_sources,
};
use super::once::{names_any, told_once};
use super::{Failure, Shell, lockfile};
use crate::catalog::Catalog;
use crate::codes::{self, CODES};
use crate::compare::{Sources, digest};
use crate::contract::{broken_by_patches, known_rules};
use crate::credential::{concealed, masked};
use crate::diagnostic::{Broken, Code, Diagnostic, Path, Place, Severity};
use crate::lint;
use crate::lock::Lock;
use crate::project::{PRODUCTION, Resolved};
use crate::render::Engine;
use crate::report::{Format, Notice, notices};
use crate::resolve::resolve;
use crate::schema::Judge;
use crate::targets::{Artifact, Unplanned, plan};
use crate::yaml::{self, Doc};

/// More than any spec needs: 10,000 services are about 3 MB.
const LARGEST: u64 = 16 << 20;

/// A project whose spec was read.
pub(super) struct Project {
    pub(super) root: PathBuf,
    pub(super) doc: Doc,
    pub(super) catalog: Catalog,
    /// `None` where there is no forge.lock.
    pub(super) lock: Option<Lock>,
    pub(super) resolved: Resolved,
    pub(super) engine: Engine,
    /// What its files are made of.
    pub(super) sources: Sources,
    /// Every file that forge wants, where reading the spec had to make them.
    planned: Option<Vec<Artifact>>,
    /// What there is to say, and nothing of it an error.
    pub(super) warnings: Vec<Notice>,
}

/// What became of reading a spec.
pub(super) enum Read {
    /// It can be worked with.
    Valid(Box<Project>),
    /// It cannot, and these say why.
    Invalid(Vec<Notice>),
}

/// Reads, checks and resolves the spec.
///
/// # Errors
/// When there is no spec to be read. What is wrong inside of it is [`Read::Invalid`].
pub(super) fn read(shell: &Shell<'_>) -> Result<Read, Failure> {
    let bytes = spec_bytes(&shell.directory, &shell.file)?;
    judge(shell, bytes)
}

/// As [`read`], of a text that is perhaps to become the spec.
///
/// # Errors
/// When what belongs to it cannot be read.
pub(super) fn judge(shell: &Shell<'_>, bytes: Vec<u8>) -> Result<Read, Failure> {
    let root = shell.directory.clone();
    let path = shown(&shell.file);
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let line = bytes[..at].iter().filter(|it| **it == b'\n').count() + 1;
            let text: Arc<str> = masked(&String::from_utf8_lossy(&bytes)).into();
            let message = format!("line {line} is not UTF-8: byte {at} is 0x{:02x}", bytes[at]);
            let notice = Notice {
                code: codes::YAML.name.into(),
                severity: Severity::Error,
                message,
                help: Some("save the file as UTF-8".into()),
                path,
                text: Some(text),
                bytes: at..at,
            };
            return Ok(Read::Invalid(vec![notice]));
        }
    };
    let own = own_templates(&root)?;
    let texts: HashMap<&str, &str> = own.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let broken =
        |them: Vec<Broken>| Ok(Read::Invalid(them.into_iter().map(|it| template_notice(it, &texts)).collect()));
    let catalog = match Catalog::new(&own) {
        Ok(catalog) => catalog,
        Err(them) => return broken(them),
    };
    let engine = match Engine::new(&catalog) {
        Ok(engine) => engine,
        Err(them) => return broken(them),
    };
    let doc = match yaml::read(&text) {
        Ok(doc) => doc,
        Err(diagnostic) => {
            let doc = Doc::new(&text, yaml::Node::default());
            let shown = without_credentials(&doc, std::slice::from_ref(&diagnostic));
            return Ok(Read::Invalid(vec![Notice { text: Some(shown), ..notice(diagnostic, &doc, &path) }]));
        }
    };
    let located = |them: Vec<Diagnostic>| {
        if them.is_empty() {
            return Vec::new();
        }
        let them = told_once(&doc, them);
        let text = without_credentials(&doc, &them);
        let mut notices: Vec<Notice> =
            them.into_iter().map(|it| Notice { text: Some(Arc::clone(&text)), ..notice(it, &doc, &path) }).collect();
        notices.sort_by_key(|it| (it.bytes.start, it.bytes.end));
        notices
    };
    let lockfile::Found { lock, broken: broken_lock, digest: lock_digest } = lockfile::read(&root)?;
    // All files are told about in one run.
    let invalid = |them: Vec<Notice>| Read::Invalid(them.into_iter().chain(broken_lock.clone()).collect());
    // Freeing it takes a fifth of a small run, and the process is at its end soon.
    let judge: &Judge = Box::leak(Box::new(Judge::new(&catalog.choices())));
    let spec = match judge.read(&doc) {
        Ok(spec) => spec,
        Err(mut them) => {
            them.extend(beyond_schema(&doc, &catalog, judge));
            return Ok(invalid(located(them)));
        }
    };
    match resolve(&doc, &spec, &catalog, lock.as_ref(), judge, &known_rules()) {
        Err(mut them) => {
            them.extend(contexts(
                &root,
                spec.services
                    .iter()
                    .filter_map(|(name, it)| Some((name.as_str(), it.build.as_ref()?.context.as_str()))),
            ));
            Ok(invalid(located(them)))
        }
        Ok((resolved, mut them)) => {
            them.extend(contexts(
                &root,
                resolved.base.images.values().map(|it| (it.name.as_str(), it.context.as_str())),
            ));
            them.extend(missing_files(&root, &catalog, &spec, &resolved));
            them.extend(missing_sources(&root, &resolved));
            them.extend(missing_served(&root, &doc));
            them.extend(missing_files_of_backings(&root, &spec, &resolved));
            them.extend(missing_encrypted_files(&root, &spec, &resolved));
            them.extend(folders_of_root(&root, &resolved));
            them.extend(ended(&spec, &catalog, &today()));
            let failed = them.iter().any(|it| it.severity == Severity::Error);
            // Only what is generated tells whether patches fit.
            let mut planned = None;
            if !failed && !resolved.base.patches.is_empty() {
                match plan(&resolved, &engine) {
                    Ok(wanted) => {
                        them.extend(broken_by_patches(&resolved, &wanted));
                        planned = Some(wanted);
                    }
                    Err(Unplanned::Patches(more)) => them.extend(more),
                    // Told by whoever asks for the plan.
                    Err(Unplanned::Template(_)) => {}
                }
            }
            let failed = them.iter().any(|it| it.severity == Severity::Error);
            let warnings = located(them);
            if failed || !broken_lock.is_empty() {
                return Ok(invalid(warnings));
            }
            let sources = sources(&doc, &own, lock_digest);
            Ok(Read::Valid(Box::new(Project {
                root,
                doc,
                catalog,
                lock,
                resolved,
                engine,
                sources,
                planned,
                warnings,
            })))
        }
    }
}

/// What the files of a project are made of: its spec, its own templates by name, and the digest of its lock.
fn sources(doc: &Doc, own: &[(String, String)], lock: Option<String>) -> Sources {
    let of = |value: &serde_json::Value| digest(value.to_string().as_bytes());
    Sources { spec: of(&doc.root.json()), templates: (!own.is_empty()).then(|| of(&serde_json::json!(own))), lock }
}

/// What is wrong beside what the schema refuses: all of a file is told in one run. Not what only follows from something
/// that the schema refused, and is not looked at here.
fn beyond_schema(doc: &Doc, catalog: &Catalog, judge: &Judge) -> Vec<Diagnostic> {
    let Some((rest, spec, taken)) = judge.salvage(doc) else { return Vec::new() };
    let mut told = match resolve(&rest, &spec, catalog, None, judge, &known_rules()) {
        Ok((_, warnings)) => warnings,
        Err(them) => them,
    };
    let lacks = [
        &codes::NO_HEALTHCHECK,
        &codes::NO_COMMAND,
        &codes::NO_PORT,
        &codes::ONE_OF,
        &codes::MISSING_KEY,
        &codes::UNUSED,
        &codes::NO_EFFECT,
    ];
    // Where something of an entry is gone, or all of it, whatever names it may find nothing; of a group, all that do.
    let steps = |it: &Path| -> Vec<String> { it.0.iter().map(|it| Path(vec![it.clone()]).to_string()).collect() };
    let lost: Vec<Vec<String>> = taken.iter().map(steps).collect();
    let follows = |it: &Diagnostic| {
        let group_is_lost = |path: &[String]| match path {
            [group] => it.code == &codes::UNKNOWN_NAME || ["services", "backings"].contains(&group.as_str()),
            _ => false,
        };
        [&codes::UNKNOWN_NAME, &codes::OVERLAY_BAKED].contains(&it.code)
            && lost.iter().any(|path| group_is_lost(path) || names_any(it, &path[1..]))
    };
    told.retain(|it| !lacks.contains(&it.code) && !follows(it));
    told.into_iter().map(|it| Diagnostic { place: Place::Bytes(rest.locate(&it.place)), ..it }).collect()
}

/// Reads the spec for a command that cannot work without it: what is wrong is told, and warnings too. The project lives as
/// long as the process: a command reads one and ends, and freeing it takes a tenth of a small run.
///
/// # Errors
/// When there is none, or it is invalid.
pub(super) fn valid(shell: &mut Shell<'_>) -> Result<&'static Project, Failure> {
    valid_but_for(&[], shell)
}

/// As [`valid`], for a command that mends what these codes are about.
pub(super) fn valid_but_for(mended: &[&Code], shell: &mut Shell<'_>) -> Result<&'static Project, Failure> {
    match read(shell)? {
        Read::Valid(mut project) => {
            project.warnings.retain(|it| !mended.iter().any(|code| code.name == it.code));
            if !shell.quiet {
                tell(shell, &project.warnings)?;
            }
            Ok(Box::leak(project))
        }
        Read::Invalid(them) => {
            tell(shell, &them)?;
            shell.insist(&invalid(&them, ""))?;
            Err(Failure::Told)
        }
    }
}

/// Which files are invalid, each with `of` behind it, and how many errors are in them: `forge.lock is invalid: 1 error`.
pub(super) fn invalid(them: &[Notice], of: &str) -> String {
    let errors: Vec<&Notice> = them.iter().filter(|it| it.severity == Severity::Error).collect();
    let files: BTreeSet<&str> = errors.iter().map(|it| it.path.as_str()).collect();
    let are = if files.len() == 1 { "is" } else { "are" };
    let files: Vec<String> = files.into_iter().map(|it| format!("{it}{of}")).collect();
    format!("{} {are} invalid: {}", files.join(" and "), counted(errors.len(), "error"))
}

/// Writes notices for people to standard error.
pub(super) fn tell(shell: &mut Shell<'_>, them: &[Notice]) -> Result<(), Failure> {
    let text = notices(them, Format::Human, shell.talk_look, &explanation);
    shell.talk.write_all(text.as_bytes()).map_err(Failure::io("write to standard error"))
}

impl Project {
    /// What there is to say of the spec, with its words.
    pub(super) fn notices(&self, them: Vec<Diagnostic>, shell: &Shell<'_>) -> Vec<Notice> {
        let text = without_credentials(&self.doc, &them);
        let path = shown(&shell.file);
        let shown = |it| Notice { text: Some(Arc::clone(&text)), ..notice(it, &self.doc, &path) };
        them.into_iter().map(shown).collect()
    }

    /// Every file that forge wants.
    ///
    /// # Errors
    /// When a template of the project's own cannot be rendered, which is told.
    pub(super) fn plan(&self, shell: &mut Shell<'_>) -> Result<Vec<Artifact>, Failure> {
        if let Some(planned) = &self.planned {
            return Ok(planned.clone());
        }
        self.plan_as(&self.resolved, shell)
    }

    /// The same with the digests of another lock.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub(super) fn plan_with(&self, lock: &Lock, shell: &mut Shell<'_>) -> Result<Vec<Artifact>, Failure> {
        let mut resolved = self.resolved.clone();
        resolved.locked = true;
        lock.pin(&mut resolved);
        self.plan_as(&resolved, shell)
    }

    /// The same of something else that was resolved from this spec.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub(super) fn plan_as(&self, resolved: &Resolved, shell: &mut Shell<'_>) -> Result<Vec<Artifact>, Failure> {
        plan(resolved, &self.engine).map_err(|it| self.unplanned(shell, it))
    }

    /// Tells why there is no plan.
    fn unplanned(&self, shell: &mut Shell<'_>, why: Unplanned) -> Failure {
        match why {
            Unplanned::Template(broken) => self.failed_template(shell, broken),
            Unplanned::Patches(them) => {
                let path = shown(&shell.file);
                let text = without_credentials(&self.doc, &them);
                let located = |it| Notice { text: Some(Arc::clone(&text)), ..notice(it, &self.doc, &path) };
                let notices: Vec<Notice> = them.into_iter().map(located).collect();
                tell(shell, &notices).err().unwrap_or(Failure::Told)
            }
        }
    }

    /// A template that could not be rendered: its owner is shown the words, and a bug of forge's is called that.
    fn failed_template(&self, shell: &mut Shell<'_>, broken: Broken) -> Failure {
        if self.catalog.own_templates.contains(&broken.file) {
            let notices = template_notices(vec![broken], &self.catalog.templates);
            return tell(shell, &notices).err().unwrap_or(Failure::Told);
        }
        Failure::input(
            format!("the template `{}` cannot be rendered: {}", broken.file, broken.message),
            "this is a bug in forge: please report it with the spec",
        )
    }
}

/// The catalogue with the project's own templates, whatever its spec says.
///
/// # Errors
/// When a template of the project's own cannot be used, which is told.
pub(super) fn own_catalog(shell: &mut Shell<'_>) -> Result<Catalog, Failure> {
    let own = own_templates(&shell.directory)?;
    let texts: HashMap<&str, &str> = own.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    match Catalog::new(&own) {
        Ok(catalog) => Ok(catalog),
        Err(them) => {
            let notices: Vec<Notice> = them.into_iter().map(|it| template_notice(it, &texts)).collect();
            tell(shell, &notices)?;
            Err(Failure::Told)
        }
    }
}

pub(super) fn spec_bytes(root: &FilePath, file: &FilePath) -> Result<Vec<u8>, Failure> {
    let place = root.join(file);
    let name = shown(file);
    if root.is_file() {
        let help = "name its folder after -C, or the file itself after -f";
        return Err(Failure::input(format!("{} is a file", root.display()), help));
    }
    if !root.is_dir() {
        return Err(Failure::input(
            format!("there is no folder {}", root.display()),
            "name an existing folder after -C",
        ));
    }
    let metadata = fs::metadata(&place).map_err(|error| match error.kind() {
        ErrorKind::NotFound if root.join(file).with_extension("yml").is_file() => Failure::input(
            format!("there is no {name} in {}", root.display()),
            format!("rename {} to it, or name that after -f", shown(&file.with_extension("yml"))),
        ),
        ErrorKind::NotFound => Failure::input(
            format!("there is no {name} in {}", root.display()),
            "`forge init` writes one for what is there; or name its folder after -C, or the file after -f",
        ),
        _ => Failure::Io { doing: format!("read {name}"), source: error },
    })?;
    if metadata.is_dir() {
        return Err(Failure::input(format!("{name} is a folder"), "name the file after -f"));
    }
    if !metadata.is_file() {
        return Err(Failure::input(format!("{name} is no file"), "name a file after -f"));
    }
    // A clone can bring a link to what its owner may not read: the first words of it would be told.
    let is_inside = file.components().all(|it| matches!(it, Component::Normal(_) | Component::CurDir));
    let real = root.canonicalize().ok().zip(place.canonicalize().ok());
    if is_inside && real.is_none_or(|(root, place)| !place.starts_with(root)) {
        return Err(Failure::input(
            format!("{name} is a link that leads out of the project"),
            "name the file itself after -f, or put it into the project",
        ));
    }
    if metadata.len() > LARGEST {
        return Err(Failure::input(
            format!("{name} has {} MB, and forge reads at most {}", metadata.len() >> 20, LARGEST >> 20),
            "is this really a spec?",
        ));
    }
    fs::read(&place).map_err(Failure::io(format!("read {name}")))
}

/// The project's own templates, by their names below `forge-templates/`, sorted.
///
/// # Errors
/// When they cannot be read.
pub(super) fn own_templates(root: &FilePath) -> Result<Vec<(String, String)>, Failure> {
    fn collect(folder: &FilePath, name: &str, out: &mut Vec<(String, String)>) -> Result<(), Failure> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if name.is_empty() && error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Failure::Io { doing: format!("read {}", folder.display()), source: error }),
        };
        for entry in entries {
            let entry = entry.map_err(Failure::io(format!("read {}", folder.display())))?;
            let file = entry.file_name().to_string_lossy().into_owned();
            let name = if name.is_empty() { file } else { format!("{name}/{file}") };
            let kind = entry.file_type().map_err(Failure::io(format!("read {}", entry.path().display())))?;
            if kind.is_dir() {
                collect(&entry.path(), &name, out)?;
            } else if kind.is_file() && (name.ends_with(".j2") || name.ends_with(".yaml")) {
                let bytes = fs::read(entry.path()).map_err(Failure::io(format!("read {}", entry.path().display())))?;
                let text = String::from_utf8(bytes)
                    .map_err(|_| Failure::input(format!("forge-templates/{name} is not UTF-8"), "save it as UTF-8"))?;
                out.push((name, text));
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    if fs::symlink_metadata(root.join("forge-templates")).is_ok_and(|it| it.file_type().is_symlink()) {
        return Err(Failure::input("`forge-templates` is a link", "make it a folder of the project"));
    }
    collect(&root.join("forge-templates"), "", &mut found)?;
    found.sort();
    Ok(found)
}

fn notice(diagnostic: Diagnostic, doc: &Doc, path: &str) -> Notice {
    let bytes = doc.locate(&diagnostic.place);
    Notice {
        code: diagnostic.code.name.to_owned(),
        severity: diagnostic.severity,
        message: concealed(&diagnostic.message).into_owned(),
        help: diagnostic.help,
        path: path.to_owned(),
        text: Some(Arc::clone(&doc.text)),
        bytes,
    }
}

/// The text to show: without what looks like a credential, and without what one of `them` calls one.
fn without_credentials(doc: &Doc, them: &[Diagnostic]) -> Arc<str> {
    let mut bytes = masked(&doc.text).into_owned().into_bytes();
    let about = them.iter().filter(|it| it.code == &codes::CREDENTIAL).map(|it| doc.locate(&it.place));
    // Below `secrets` stands how each is made: anything else is taken for the secret itself.
    let declared = doc.root.get("secrets").into_iter().flat_map(yaml::Node::entries).flat_map(|(_, it)| {
        let below = it.entries().filter(|(key, it)| !["supplied", "format"].contains(key) && it.text().is_some());
        let below = below.map(|(_, it)| it);
        below.chain(it.text().map(|_| it)).map(|it| it.at.clone()).collect::<Vec<_>>()
    });
    about.chain(declared).for_each(|it| bytes[it].fill(b'*'));
    String::from_utf8_lossy(&bytes).into()
}

/// What there is to say of templates, with the words of their texts.
pub(super) fn template_notices(them: Vec<Broken>, texts: &BTreeMap<String, String>) -> Vec<Notice> {
    let texts: HashMap<&str, &str> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    them.into_iter().map(|it| template_notice(it, &texts)).collect()
}

fn template_notice(broken: Broken, texts: &HashMap<&str, &str>) -> Notice {
    Notice {
        code: codes::TEMPLATE.name.to_owned(),
        severity: Severity::Error,
        message: broken.message,
        help: Some(broken.help),
        path: format!("forge-templates/{}", broken.file),
        text: texts.get(broken.file.as_str()).map(|it| Arc::from(*it)),
        bytes: broken.at,
    }
}

/// The environment of this name; `production` is the spec itself.
///
/// # Errors
/// When there is none.
pub(super) fn environment<'a>(resolved: &'a Resolved, name: &str) -> Result<&'a crate::project::Project, Failure> {
    if name == PRODUCTION {
        return Ok(&resolved.base);
    }
    resolved.environments.get(name).ok_or_else(|| {
        let known: Vec<&str> =
            std::iter::once(PRODUCTION).chain(resolved.environments.keys().map(String::as_str)).collect();
        let otherwise = format!("there is {}", crate::diagnostic::listed(&known));
        Failure::unknown("there is no environment", name, known.iter().copied(), &otherwise)
    })
}

/// What `forge explain` says of a code or rule.
pub(super) fn explanation(code: &str) -> Option<String> {
    let known = CODES.iter().find(|it| it.name == code).map(|it| it.explanation.to_owned());
    known.or_else(|| lint::RULES.iter().find(|it| it.name == code).map(|it| it.help.to_owned()))
}

/// `3 errors`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("{count} {what}") } else { format!("{count} {what}s") }
}

pub(super) fn shown(path: &FilePath) -> String {
    path.display().to_string().escape_debug().to_string()
}
