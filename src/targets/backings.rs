//! Files for backings: what their containers read when they start for the first time.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Artifact, Context, Target};
use crate::diagnostic::Broken;
use crate::project::MadeFile;

pub(super) static TARGET: Target = Target { name: "backings", about: "files that backings read, such as roles", plan };

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    #[derive(Serialize)]
    struct Values<'a> {
        backing: &'a Value,
    }
    let containers = super::environments(context.resolved).flat_map(|it| it.containers.values());
    let files = containers.flat_map(|it| it.files.values());
    let made: BTreeMap<&str, &MadeFile> = files.filter_map(|it| Some((it.path.as_str(), it.made.as_ref()?))).collect();
    let artifacts = made.into_iter().map(|(path, it)| {
        let text = context.engine.render(&it.template, &Values { backing: &it.values })?;
        let id = path.trim_start_matches("backings/");
        Ok(Artifact::new(format!("backing:{id}"), path, text))
    });
    artifacts.collect()
}
