//! How fast the server is there, and what it costs when nothing happens.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, StatusCode};

use super::process;
use super::server::Server;
use crate::Outcome;
use crate::client::{self, Route};
use crate::stopwatch::Stopwatch;

/// One entry for each start.
#[derive(Default)]
pub(crate) struct Startup {
    /// From spawn to the first 200 on `/livez`, with an empty data folder.
    pub(crate) ready_ms: Vec<f64>,
    pub(crate) idle_rss: Vec<u64>,
}

const STARTS: usize = 5;
const SETTLED_AFTER: Duration = Duration::from_secs(1);

pub(crate) async fn measure(binary: &Path, folder: &Path) -> Outcome<Startup> {
    let mut startup = Startup::default();
    for _ in 0..STARTS {
        let data = tempfile::tempdir_in(folder)?;
        let watch = Stopwatch::start();
        let mut server = Server::start(binary, &data.path().join("data"), &[])?;
        let route = Route::new(Method::GET, server.addr(), "/livez", None)?;
        let (status, _) = client::once(server.addr(), &route, Bytes::new()).await?;
        startup.ready_ms.push(watch.elapsed().as_secs_f64() * 1000.0);
        if status != StatusCode::OK {
            return Err(server.failed(&format!("GET /livez was answered with {status}")).into());
        }
        tokio::time::sleep(SETTLED_AFTER).await;
        startup.idle_rss.push(process::rss(server.pid())?);
        server.stop()?;
    }
    Ok(startup)
}
