use std::io::{Read, Write};
use std::net::TcpListener;

const COUNT: &str = "/var/lib/clock/count";

fn main() {
    if std::env::args().nth(1).as_deref() == Some("migrate") {
        return std::fs::write(COUNT, "10").expect("it can be written");
    }
    let listener = TcpListener::bind("0.0.0.0:9000").expect("the port is free");
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        // A probe connects and says nothing.
        if !matches!(stream.read(&mut [0; 1024]), Ok(1..)) {
            continue;
        }
        let count = std::fs::read_to_string(COUNT).ok().and_then(|it| it.parse().ok()).unwrap_or(0) + 1;
        let kept = std::fs::write(COUNT, count.to_string());
        let body = format!("asked {count} times, {kept:?}");
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    }
}
