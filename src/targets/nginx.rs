//! The gateway's configuration: small files that include each other in an obvious way.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Artifact, Context, Target};
use crate::diagnostic::{Broken, Diagnostic};
use crate::patch;
use crate::project::{Gateway, Host, Patch, Project, Resolved, TlsMode};
use crate::render::Engine;

pub(super) static TARGET: Target = Target { name: "nginx", about: "the gateway's configuration", plan };

/// Files that are the same whatever the hosts are called; some only where they are wanted.
const FILES: [&str; 18] = [
    "compression.conf",
    "grpc.conf",
    "grpc_headers.conf",
    "nginx.conf",
    "acme.conf",
    "certificates.sh",
    "filter.conf",
    "headers.conf",
    "limits.conf",
    "log.conf",
    "maps.conf",
    "proxy.conf",
    "proxy_headers.conf",
    "proxy_hide.conf",
    "requests.conf",
    "tls.conf",
    "types.conf",
    "upstreams.conf",
];

/// The folders that an environment can have of its own without having all.
const PARTS: [&str; 2] = ["hosts", "routes"];

/// A configuration by file name, `hosts/main.conf`.
type Files = BTreeMap<String, String>;

/// The configurations of all environments.
#[derive(Debug, Default)]
pub(super) struct Folders {
    base: Files,
    /// Where they lie in the project.
    folder: String,
    /// Where nginx looks for it.
    inside: String,
    /// By environment: what it has of its own.
    environments: BTreeMap<String, Own>,
}

/// What an environment has of its own.
#[derive(Debug)]
struct Own {
    files: Files,
    /// The folders that it has; `None` where it has all.
    parts: Option<Vec<&'static str>>,
}

/// What of a configuration is mounted where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mounted {
    /// Folders: in the project, and in the container.
    pub(super) folders: Vec<(String, String)>,
    /// Eight hexadecimal digits that change with any file in force.
    pub(super) digest: String,
}

#[derive(Serialize)]
struct Values<'a> {
    gateway: &'a Gateway,
    host: Option<&'a Host>,
}

pub(super) fn folders(resolved: &Resolved, engine: &Engine) -> Result<Folders, Broken> {
    let base = files(&resolved.base, engine)?;
    let mut environments = BTreeMap::new();
    for (name, project) in &resolved.environments {
        environments.insert(name.clone(), Own::new(&base, files(project, engine)?));
    }
    let inside = resolved.base.gateway.iter().map(|it| it.folders.configuration.clone()).collect();
    Ok(Folders { base, folder: resolved.base.layout.nginx.clone(), inside, environments })
}

/// The part that a file belongs to.
fn part(name: &str) -> Option<&'static str> {
    PARTS.into_iter().find(|part| name.split_once('/').is_some_and(|(folder, _)| folder == *part))
}

impl Own {
    /// What of the files in force in an environment is its own.
    fn new(base: &Files, mut files: Files) -> Own {
        let differs = |name: &&String| files.get(*name) != base.get(*name);
        let names: Vec<Option<&str>> = files.keys().chain(base.keys()).filter(differs).map(|it| part(it)).collect();
        let own = |of: &&str| names.contains(&Some(*of));
        let parts = names.iter().all(Option::is_some).then(|| PARTS.into_iter().filter(own).collect::<Vec<_>>());
        if let Some(parts) = &parts {
            files.retain(|name, _| part(name).is_some_and(|it| parts.contains(&it)));
        }
        Own { files, parts }
    }
}

fn files(project: &Project, engine: &Engine) -> Result<Files, Broken> {
    let mut files = Files::new();
    let Some(gateway) = &project.gateway else { return Ok(files) };
    for file in FILES {
        let is_wanted = match file {
            "acme.conf" | "certificates.sh" => gateway.acme.is_some(),
            "grpc.conf" | "grpc_headers.conf" => gateway.speaks_grpc,
            "tls.conf" => gateway.tls != TlsMode::None,
            "types.conf" => gateway.serves_files(),
            _ => true,
        };
        if !is_wanted {
            continue;
        }
        files.insert(file.to_owned(), engine.render(&format!("nginx/{file}.j2"), &Values { gateway, host: None })?);
    }
    for host in &gateway.hosts {
        for part in PARTS {
            let text = engine.render(&format!("nginx/{part}.conf.j2"), &Values { gateway, host: Some(host) })?;
            files.insert(format!("{part}/{}.conf", host.name), text);
        }
    }
    Ok(files)
}

impl Folders {
    /// The same with the patches of the spec.
    ///
    /// # Errors
    /// The folders as they are, with a complaint about each patch that does not fit.
    pub(super) fn patched(mut self, patches: &[Patch]) -> Result<Folders, (Folders, Vec<Diagnostic>)> {
        let folder = &self.folder;
        let base = self.base.iter_mut().map(|(name, text)| (format!("{folder}/{name}"), text));
        let own = self.environments.iter_mut().flat_map(|(environment, own)| {
            own.files.iter_mut().map(move |(name, text)| (format!("{folder}/{environment}/{name}"), text))
        });
        let mut told = Vec::new();
        for (path, text) in base.chain(own) {
            let id = if is_script(&path) { "script:certificates.sh" } else { "nginx" };
            match patch::patched(patches, id, &path, std::mem::take(text)) {
                Ok(done) => *text = done,
                Err(them) => told.extend(them),
            }
        }
        if told.is_empty() { Ok(self) } else { Err((self, told)) }
    }

    /// What is mounted in an environment; `None` is production.
    pub(super) fn mounted(&self, environment: Option<&str>) -> Mounted {
        let own = environment.map(|it| &self.environments[it]);
        let parts = own.map(|it| it.parts.as_deref());
        let is_bases = |name: &str| match parts {
            None => true,
            Some(None) => false,
            Some(Some(parts)) => part(name).is_none_or(|it| !parts.contains(&it)),
        };
        let base = self.base.iter().filter(|(name, _)| is_bases(name));
        let in_force: BTreeMap<&String, &String> = base.chain(own.into_iter().flat_map(|it| &it.files)).collect();
        let mut digest = Sha256::new();
        for (name, text) in in_force {
            digest.update(format!("{} {name} {} ", name.len(), text.len()));
            digest.update(text);
        }
        let digest = digest.finalize().iter().take(4).map(|it| format!("{it:02x}")).collect();
        let root = &self.folder;
        let inside = &self.inside;
        let whole = |folder: String| vec![(folder, inside.clone())];
        let folders = match environment {
            None => whole(root.clone()),
            Some(name) => match parts.flatten() {
                None => whole(format!("{root}/{name}")),
                Some(parts) => {
                    let own = parts.iter().map(|part| (format!("{root}/{name}/{part}"), format!("{inside}/{part}")));
                    whole(root.clone()).into_iter().chain(own).collect()
                }
            },
        };
        Mounted { folders, digest }
    }
}

/// Whether a file of the folder is a program: the one that gets certificates.
fn is_script(name: &str) -> bool {
    name.ends_with(".sh")
}

/// A file of the folder; `environment/` stands before the names of those that are an environment's own.
fn artifact(folder: &str, environment: Option<&str>, name: &str, text: &str) -> Artifact {
    let (colon, slash) = environment.map_or_else(Default::default, |it| (format!("{it}:"), format!("{it}/")));
    let path = format!("{folder}/{slash}{name}");
    match is_script(name) {
        true => Artifact { executable: true, ..Artifact::new(format!("script:{slash}{name}"), path, text) },
        false => Artifact::new(format!("nginx:{colon}{name}"), path, text),
    }
}

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let Folders { base, folder, environments, .. } = &context.nginx;
    let own = environments.iter().flat_map(|(environment, own)| {
        own.files.iter().map(move |(name, text)| artifact(folder, Some(environment), name, text))
    });
    Ok(base.iter().map(|(name, text)| artifact(folder, None, name, text)).chain(own).collect())
}
