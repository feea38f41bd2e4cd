//! The proxy misbehaves as it is told, and not longer.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use test_servers::Proxy;
use test_servers::proxy::Mode;

/// A server that answers every byte with ten.
fn tenfold() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut byte = [0];
                while matches!(stream.read(&mut byte), Ok(1)) && stream.write_all(&byte.repeat(10)).is_ok() {}
            });
        }
    });
    port
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    stream
}

/// How many bytes of the ten arrive; `None` when the connection is cut.
fn ask(stream: &mut TcpStream) -> Option<usize> {
    stream.write_all(b"x").ok()?;
    receive(stream)
}

fn receive(stream: &mut TcpStream) -> Option<usize> {
    let mut answer = [0; 10];
    let mut read = 0;
    while read < answer.len() {
        match stream.read(&mut answer[read..]) {
            Ok(0) if read == 0 => return None,
            Ok(0) => break,
            Ok(more) => read += more,
            Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => break,
            Err(_) if read == 0 => return None,
            Err(_) => break,
        }
    }
    Some(read)
}

#[test]
fn it_passes_hangs_cuts_and_refuses() {
    let upstream = tenfold();
    let proxy = Proxy::start(upstream).unwrap();
    assert_eq!(
        proxy.url(&format!("redis://127.0.0.1:{upstream}/0")),
        format!("redis://127.0.0.1:{}/0", proxy.port())
    );
    let mut stream = connect(&proxy);
    assert_eq!(ask(&mut stream), Some(10));

    proxy.set(Mode::Hang).unwrap();
    assert_eq!(ask(&mut stream), Some(0));
    proxy.set(Mode::Delay(Duration::from_millis(10))).unwrap();
    assert_eq!(receive(&mut stream), Some(10), "what hung arrives");
    assert_eq!(ask(&mut stream), Some(10));

    let mut stream = connect(&proxy);
    proxy.set(Mode::CutAfter(14)).unwrap();
    assert_eq!(ask(&mut stream), Some(10));
    assert_eq!(ask(&mut stream), Some(4), "half an answer");
    assert_eq!(ask(&mut stream), None);

    proxy.set(Mode::Pass).unwrap();
    let mut stream = connect(&proxy);
    assert_eq!(ask(&mut stream), Some(10));
    proxy.set(Mode::Refuse).unwrap();
    assert!(TcpStream::connect(("127.0.0.1", proxy.port())).is_err());
    assert_eq!(ask(&mut stream), Some(10), "what is open stays open");
    proxy.set(Mode::Pass).unwrap();
    assert_eq!(ask(&mut connect(&proxy)), Some(10));
    proxy.cut();
    assert_eq!(ask(&mut stream), None);

    let port = proxy.port();
    drop(proxy);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_server_that_is_away_closes_the_connection() {
    let proxy = Proxy::start(1).unwrap();
    assert_eq!(ask(&mut connect(&proxy)), None);
}
