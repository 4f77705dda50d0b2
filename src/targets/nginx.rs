//! The gateway's configuration: small files that include each other in an obvious way.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Artifact, Context, Target};
use crate::diagnostic::Broken;
use crate::project::{Gateway, Host, Project, Resolved};
use crate::render::Engine;

pub(super) static TARGET: Target = Target { name: "nginx", about: "the gateway's configuration", plan };

/// Files that are the same whatever the hosts are called.
const FILES: [&str; 8] = [
    "nginx.conf",
    "headers.conf",
    "limits.conf",
    "log.conf",
    "proxy.conf",
    "proxy_headers.conf",
    "tls.conf",
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
    /// By environment: what is in force there.
    environments: BTreeMap<String, Files>,
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
    let mut environments = BTreeMap::new();
    for (name, project) in &resolved.environments {
        environments.insert(name.clone(), files(project, engine)?);
    }
    Ok(Folders { base: files(&resolved.base, engine)?, folder: resolved.base.layout.nginx.clone(), environments })
}

fn files(project: &Project, engine: &Engine) -> Result<Files, Broken> {
    let mut files = Files::new();
    let Some(gateway) = &project.gateway else { return Ok(files) };
    for file in FILES {
        if file == "tls.conf" && gateway.tls == crate::project::TlsMode::None {
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
    /// What an environment has of its own, by file name; `None` where it has all of it.
    fn parts(&self, environment: &str) -> Option<Vec<&'static str>> {
        let own = &self.environments[environment];
        let differs = |name: &&String| own.get(*name) != self.base.get(*name);
        let names: Vec<&String> = own.keys().chain(self.base.keys()).filter(differs).collect();
        let part = |name: &String| PARTS.into_iter().find(|part| name.starts_with(&format!("{part}/")));
        names
            .iter()
            .all(|it| part(it).is_some())
            .then(|| PARTS.into_iter().filter(|wanted| names.iter().any(|it| part(it) == Some(*wanted))).collect())
    }

    /// What is mounted in an environment; `None` is production.
    pub(super) fn mounted(&self, environment: Option<&str>) -> Mounted {
        let files = environment.map_or(&self.base, |it| &self.environments[it]);
        let mut digest = Sha256::new();
        for (name, text) in files {
            digest.update(format!("{} {name} {} ", name.len(), text.len()));
            digest.update(text);
        }
        let digest = digest.finalize().iter().take(4).map(|it| format!("{it:02x}")).collect();
        let root = &self.folder;
        let whole = |folder: String| vec![(folder, "/etc/nginx".to_owned())];
        let folders = match environment {
            None => whole(root.clone()),
            Some(name) => match self.parts(name) {
                None => whole(format!("{root}/{name}")),
                Some(parts) => {
                    let own = parts.iter().map(|part| (format!("{root}/{name}/{part}"), format!("/etc/nginx/{part}")));
                    whole(root.clone()).into_iter().chain(own).collect()
                }
            },
        };
        Mounted { folders, digest }
    }
}

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let mut out = Vec::new();
    let folders = &context.nginx;
    for (name, text) in &folders.base {
        out.push(Artifact::new(format!("nginx:{name}"), format!("{}/{name}", folders.folder), text.as_str()));
    }
    for (environment, files) in &folders.environments {
        let parts = folders.parts(environment);
        for (name, text) in files {
            let wanted =
                parts.as_ref().is_none_or(|parts| parts.iter().any(|part| name.starts_with(&format!("{part}/"))));
            if wanted {
                out.push(Artifact::new(
                    format!("nginx:{environment}:{name}"),
                    format!("{}/{environment}/{name}", folders.folder),
                    text.as_str(),
                ));
            }
        }
    }
    Ok(out)
}
