//! What a test does that lacks something of the machine: it says so and passes, except under `CI=true`.

/// For what can be installed or started: a tool, an engine, the rights of root. CI has them all.
pub(crate) fn skipped(why: impl std::fmt::Display) {
    assert!(std::env::var_os("CI").is_none_or(|it| it != "true"), "{why}, and CI needs it");
    println!("skipped: {why}");
}

/// For what lies beside this repository where forge is built, and can be had nowhere else.
pub(crate) fn absent(what: impl std::fmt::Display) {
    println!("skipped: no {what}");
}
