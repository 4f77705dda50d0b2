//! Dockerfiles and what lies beside them.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::{Artifact, Context, Target};
use crate::diagnostic::Broken;
use crate::project::Image;

pub(super) static TARGET: Target =
    Target { name: "docker", about: "a Dockerfile, .dockerignore and entrypoint for each image that is built", plan };

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    // A companion is a stage of another's Dockerfile, and what is an author's own is there.
    let is_ours = |it: &&Image| it.companion_of.is_none() && !it.own_dockerfile;
    let images: Vec<&Image> = context.resolved.base.images.values().filter(is_ours).collect();
    let planned: Result<Vec<Vec<Artifact>>, Broken> =
        images.par_iter().map(|image| plan_image(context, image)).collect();
    Ok(planned?.into_iter().flatten().collect())
}

fn plan_image(context: &Context<'_>, image: &Image) -> Result<Vec<Artifact>, Broken> {
    let mut out = Vec::new();
    #[derive(Serialize)]
    struct Values<'a> {
        image: &'a Image,
        /// Images of further containers of the service, by their stages: each is one of the same Dockerfile.
        companions: BTreeMap<&'a str, &'a Image>,
    }
    let all = context.resolved.base.images.values();
    let of_it = all.filter(|it| it.companion_of.as_ref() == Some(&image.name));
    let companions = of_it.filter_map(|it| Some((it.target.as_deref()?, it))).collect();
    let values = Values { image, companions };
    let beside =
        |file: &str| if image.context.is_empty() { file.to_owned() } else { format!("{}/{file}", image.context) };
    let stack = format!("stacks/{}", image.stack);
    let mut add = |kind: &str, file: &str, template: &str, executable: bool| {
        let text = context.engine.render(template, &values)?;
        out.push(Artifact { executable, ..Artifact::new(format!("{kind}:{}", image.name), file, text) });
        Ok(())
    };
    add("dockerfile", &image.files.dockerfile, &format!("{stack}/Dockerfile.j2"), false)?;
    add("dockerignore", &image.files.dockerignore, &format!("{stack}/dockerignore.j2"), false)?;
    if let Some(entrypoint) = &image.entrypoint {
        add("entrypoint", &beside(&image.files.entrypoint), &entrypoint.template, !entrypoint.compiled)?;
    }
    for (kind, file) in &image.files.others {
        add(&format!("file/{kind}"), &beside(&file.name), &format!("{stack}/{}", file.template), false)?;
    }
    Ok(out)
}
