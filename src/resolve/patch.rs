//! Patches: that each says one thing, and lifts rules that exist. Whether their places are there, their files tell.

use super::Resolver;
use crate::codes;
use crate::diagnostic::{Path, Place};
use crate::project::{Edit, Patch};

impl Resolver<'_> {
    /// The patches of the spec, those of them that say what to do.
    pub(super) fn resolve_patches(&mut self) -> Vec<Patch> {
        let spec = self.spec;
        let mut patches = Vec::new();
        for (index, patch) in spec.patches.iter().enumerate() {
            let at = Path::of(["patches"]).index(index);
            let lifted = self.lifted(&patch.exceptions, &at);
            let edits = [
                patch.set.clone().map(Edit::Set),
                patch.add.clone().map(Edit::Add),
                patch.before.clone().map(Edit::Before),
                patch.after.clone().map(Edit::After),
                patch.remove.then_some(Edit::Remove),
            ];
            let mut edits = edits.into_iter().flatten();
            let (Some(edit), None) = (edits.next(), edits.next()) else {
                let message = "a patch says exactly one of `set`, `add`, `before`, `after` and `remove`";
                self.error(
                    &codes::ONE_OF,
                    Place::Key(at),
                    message,
                    "write one of them; a second change is a patch of its own",
                );
                continue;
            };
            patches.push(Patch {
                file: patch.file.to_string(),
                at: patch.at.clone().unwrap_or_default(),
                edit,
                expect: patch.expect.clone(),
                lifted,
            });
        }
        patches
    }
}
