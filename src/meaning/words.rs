//! The words for kinds of facts.

/// The words for one kind of facts. `{key}`, `{before}` and `{after}` stand for what differs.
pub(super) struct Words {
    /// What it is, without a value: `environment {key}`.
    pub(super) what: &'static str,
    /// It was not there before.
    pub(super) come: &'static str,
    /// It is not there any more.
    pub(super) go: &'static str,
    /// It has another value.
    pub(super) change: &'static str,
}

/// Declares kinds of facts: what it is, how it comes, how it goes, how it changes.
macro_rules! words {
    ($($name:ident = $what:literal, $come:literal, $go:literal, $change:literal;)*) => {
        $(pub(in crate::meaning) static $name: $crate::meaning::words::Words = $crate::meaning::words::Words { what: $what, come: $come, go: $go, change: $change };)*
    };
}
pub(super) use words;

words! {
    // Whatever has no words of its own.
    SETTING = "{key}", "{key} {after} added", "{key} {before} removed", "{key} {before} → {after}";
    // What every one of its kind has.
    IMAGE = "{key}", "{key} {after}", "{key} {before} removed", "{key} {before} → {after}";
    // Of a health check.
    DETAIL = "health check {key}", "health check {key} {after}", "health check {key} {before} removed", "health check {key} {before} → {after}";
    VARIABLE = "variable {key}", "variable {key}={after} added", "variable {key} removed", "variable {key} {before} → {after}";
    USER = "user", "user {after}", "user {before} removed", "user {before} → {after}";
    SWITCH = "{key}", "{key} switched {after}", "{key} no longer switched {before}", "{key} switched {after}";
    LIMIT = "{key} limit", "{key} limited to {after}", "{key} limit {before} removed", "{key} {before} → {after}";
    CAPABILITY = "capability {key}", "capability {key} added", "capability {key} taken away", "capability {key}";
    DROPPED = "dropped capabilities", "capabilities {after} dropped", "capabilities {before} no longer dropped", "dropped capabilities {before} → {after}";
    ENVIRONMENT = "environment {key}", "environment {key}={after} added", "environment {key} removed", "environment {key} {before} → {after}";
    LABEL = "label {key}", "label {key}={after} added", "label {key} removed", "label {key} {before} → {after}";
    ANNOTATION = "annotation {key}", "annotation {key}={after} added", "annotation {key} removed", "annotation {key} {before} → {after}";
    MOUNT = "mount at {key}", "{after} mounted at {key}", "{before} no longer mounted at {key}", "mount at {key}: {before} → {after}";
    EXCEPTION = "exception {key}", "exception {key} added {after}", "exception {key} removed", "exception {key} {before} → {after}";
}
