//! Two plans of one project: what another spec wants otherwise.

use std::collections::{HashMap, HashSet};

use super::{Change, Kind};
use crate::targets::Artifact;

/// What leads from the files of one plan to those of another, sorted by path. An artifact that has another path in the other
/// plan is one that moves, whatever else changes in it.
pub fn plans(before: &[Artifact], after: &[Artifact]) -> Vec<Change> {
    let by_id: HashMap<&str, &Artifact> = before.iter().map(|it| (it.id.as_str(), it)).collect();
    let by_path: HashMap<&str, &Artifact> = before.iter().map(|it| (it.path.as_str(), it)).collect();
    let mut followed: HashSet<&str> = after.iter().map(|it| it.path.as_str()).collect();
    let mut changes: Vec<Change> = Vec::with_capacity(after.len());
    for artifact in after {
        // What was elsewhere before, unless something else is still there.
        let moved = by_id.get(artifact.id.as_str()).filter(|it| !followed.contains(it.path.as_str())).copied();
        let was = by_path.get(artifact.path.as_str()).copied().or(moved);
        if let Some(was) = was {
            followed.insert(&was.path);
        }
        let from = was.filter(|it| it.path != artifact.path).map(|it| it.path.clone());
        let mode = was.is_some_and(|it| it.executable != artifact.executable);
        let kind = match was {
            None => Kind::New,
            Some(_) if from.is_some() => Kind::Renamed,
            Some(was) if was.text != artifact.text => Kind::Moved,
            Some(_) if mode => Kind::Mode,
            Some(_) => Kind::Same,
        };
        let text = |it: &Artifact| it.text.clone().into_bytes();
        let change = Change::new(&artifact.path, kind, Some(text(artifact)), was.map(text));
        changes.push(Change { from, executable: artifact.executable, mode, ..change });
    }
    changes.extend(before.iter().filter(|it| !followed.contains(it.path.as_str())).map(|it| Change {
        executable: it.executable,
        ..Change::new(&it.path, Kind::Unwanted, None, Some(it.text.clone().into_bytes()))
    }));
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Extent;

    fn artifact(id: &str, path: &str, text: &str) -> Artifact {
        Artifact { id: id.into(), path: path.into(), executable: false, extent: Extent::File, text: text.into() }
    }

    #[test]
    fn what_becomes_of_each_artifact() {
        let before = [
            artifact("dockerfile:a", "a/Dockerfile", "1"),
            artifact("dockerfile:b", "b/Dockerfile", "1"),
            artifact("compose", "compose.yaml", "1"),
            artifact("env:example", ".env.example", "1"),
            artifact("script:x", "x", "1"),
        ];
        let after = [
            artifact("dockerfile:a", "b/Dockerfile", "1"),
            artifact("dockerfile:c", "c/Dockerfile", "1"),
            artifact("compose", "docker/compose.yaml", "2"),
            artifact("env:example", ".env.example", "1"),
            Artifact { executable: true, ..artifact("script:x", "x", "1") },
        ];
        let told: Vec<(String, Kind, Option<String>)> =
            plans(&before, &after).into_iter().map(|it| (it.path, it.kind, it.from)).collect();
        let expected: [(&str, Kind, Option<&str>); 6] = [
            (".env.example", Kind::Same, None),
            ("a/Dockerfile", Kind::Unwanted, None),
            ("b/Dockerfile", Kind::Same, None),
            ("c/Dockerfile", Kind::New, None),
            ("docker/compose.yaml", Kind::Renamed, Some("compose.yaml")),
            ("x", Kind::Mode, None),
        ];
        assert_eq!(told, expected.map(|(path, kind, from)| (path.to_owned(), kind, from.map(str::to_owned))));
    }
}
