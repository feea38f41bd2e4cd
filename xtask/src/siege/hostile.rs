//! Hostile clients: each opens a connection, does what its flood says, and begins anew when it is turned away.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use super::floods::{Flood, Ground, Then};
use crate::Outcome;

/// Between two bytes of a client that drips.
const DRIP: Duration = Duration::from_secs(1);
/// Before a client that was turned away comes again.
const PAUSE: Duration = Duration::from_millis(200);
/// A client that reads nothing keeps its connection for so long.
const DEAF: Duration = Duration::from_secs(120);
/// Clients that come in each step of a hundredth of a second.
const COME_AT_ONCE: usize = 64;
const STEP: Duration = Duration::from_millis(10);

/// Floods the bridge for as long. Answers how many connections and requests were turned away.
pub(super) async fn flood(flood: &Flood, ground: &Ground, descriptors: u64, lasts: Duration) -> Outcome<u64> {
    let turned_away = Rc::new(Cell::new(0));
    let clients = LocalSet::new();
    let all = async {
        for at in 0..flood.clients(descriptors) {
            let (says, then, addr) = ((flood.says)(ground, at), flood.then, ground.addr);
            let turned_away = turned_away.clone();
            tokio::task::spawn_local(async move {
                loop {
                    // However it ends, it comes again.
                    let _ = one(addr, &says, then).await;
                    turned_away.set(turned_away.get() + 1);
                    if then != Then::ComesAgain {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            });
            if at % COME_AT_ONCE == COME_AT_ONCE - 1 {
                tokio::time::sleep(STEP).await;
            }
        }
        std::future::pending::<()>().await;
    };
    // Out of time: all of them are dropped, and their connections with them.
    let _ = clients.run_until(tokio::time::timeout(lasts, all)).await;
    Ok(turned_away.get())
}

async fn one(addr: std::net::SocketAddr, says: &[u8], then: Then) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(addr).await?;
    match then {
        Then::IsDeaf => {
            // What it asks for goes out as far as there is room.
            let asks = async {
                stream.write_all(says).await?;
                std::future::pending::<std::io::Result<()>>().await
            };
            tokio::time::timeout(DEAF, asks).await.unwrap_or(Ok(()))
        }
        Then::Stays => {
            stream.write_all(says).await?;
            until_closed(&mut stream).await
        }
        Then::Drips => {
            stream.write_all(says).await?;
            let (mut reads, mut writes) = stream.split();
            let drips = async {
                loop {
                    tokio::time::sleep(DRIP).await;
                    writes.write_all(b"a").await?;
                }
            };
            let mut answer = [0; 4096];
            let reads = async {
                while reads.read(&mut answer).await? > 0 {}
                Ok(())
            };
            tokio::select! {
                ended = drips => ended,
                ended = reads => ended,
            }
        }
        Then::StaysAway => Ok(()),
        Then::ComesAgain => {
            // An answer may come before all is sent.
            let (mut reads, mut writes) = stream.split();
            let mut answer = [0; 4096];
            tokio::select! {
                read = reads.read(&mut answer) => { read?; }
                written = async { writes.write_all(says).await?; reads_later().await } => written?,
            }
            Ok(())
        }
    }
}

async fn reads_later() -> std::io::Result<()> {
    std::future::pending().await
}

async fn until_closed(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut answer = [0; 4096];
    while stream.read(&mut answer).await? > 0 {}
    Ok(())
}
