use std::thread::sleep;
use std::time::Duration;

fn main() {
    println!("{}", jobs::greeting("worker"));
    loop {
        std::fs::write("/tmp/alive", "").expect("/tmp can be written");
        sleep(Duration::from_secs(2));
    }
}
