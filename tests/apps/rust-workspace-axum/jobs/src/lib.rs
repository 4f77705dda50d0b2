//! What both programs share.

/// A greeting.
pub fn greeting(who: &str) -> String {
    format!("hello {who}")
}

#[test]
fn it_greets() {
    assert_eq!(greeting("you"), "hello you");
}
