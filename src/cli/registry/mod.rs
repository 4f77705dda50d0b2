//! What is asked of registries, and what they answer.

#[cfg(feature = "lock")]
mod client;

#[cfg(feature = "lock")]
pub(super) use client::ask;

#[cfg(not(feature = "lock"))]
use super::Failure;
use crate::lock::Pin;

/// What to ask a registry about an image.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "lock"), expect(dead_code, reason = "nobody is there to read it"))]
pub(super) enum Question {
    /// What its tag stands for, and for which platforms that is; `known` is what it was the last time.
    Tag { name: String, known: Option<Pin> },
    /// For which platforms the image with this digest is.
    Platforms { name: String, digest: String },
    /// What its tag stands for, and no more.
    Digest { name: String },
}

/// Why there is no answer, and what to do.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) message: String,
    pub(super) help: String,
}

#[cfg(not(feature = "lock"))]
pub(super) fn ask(_: Vec<Question>) -> Result<Vec<Result<Pin, Trouble>>, Failure> {
    let help = "build it with that feature, which is on by default; `forge lock --check` works without";
    Err(Failure::input("this forge was built without the feature `lock`, and asks no registries", help))
}
