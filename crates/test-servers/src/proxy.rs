//! A TCP proxy of our own that misbehaves on demand: it hangs, delays, refuses, and cuts connections half
//! way. It knows no protocol.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::free_port::Port;
use crate::problem::{Problem, Result};

/// How often a thread looks whether the mode changed.
const LOOK: Duration = Duration::from_millis(10);

/// What it does with connections, those that are open too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Hands everything on.
    #[default]
    Pass,
    /// Accepts connections and hands nothing on.
    Hang,
    /// Hands each piece on after a while, in both directions.
    Delay(Duration),
    /// Nobody listens at its port. What is open stays open.
    Refuse,
    /// Hands that many bytes of the answers on, counted from now over all connections, then cuts.
    CutAfter(u64),
}

/// A running proxy; it ends with its value.
#[derive(Debug)]
pub struct Proxy {
    port: Port,
    upstream: u16,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    listener: Mutex<Option<TcpListener>>,
    mode: Mutex<Mode>,
    /// Bytes of answers that may still pass in `CutAfter`.
    left: AtomicU64,
    /// Both sides of every connection: to cut them.
    open: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

impl Proxy {
    /// Starts one in front of that port of 127.0.0.1.
    ///
    /// # Errors
    /// If there is no free port.
    pub fn start(upstream: u16) -> Result<Proxy> {
        let port = Port::reserve()?;
        let shared = Arc::new(Shared {
            listener: Mutex::new(Some(listen(port.number())?)),
            mode: Mutex::new(Mode::Pass),
            left: AtomicU64::new(0),
            open: Mutex::new(Vec::new()),
            ended: AtomicBool::new(false),
        });
        let in_thread = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || in_thread.accept(upstream));
        Ok(Proxy { port, upstream, shared, accepting: Some(accepting) })
    }

    /// The port to connect to instead of the server's.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The URL of the server, but through this proxy.
    #[must_use]
    pub fn url(&self, of_server: &str) -> String {
        of_server.replacen(&format!(":{}", self.upstream), &format!(":{}", self.port()), 1)
    }

    /// From now on it behaves like this.
    ///
    /// # Errors
    /// If it cannot listen at its port again.
    pub fn set(&self, mode: Mode) -> Result<()> {
        let mut listener = lock(&self.shared.listener);
        if mode == Mode::Refuse {
            *listener = None;
        } else if listener.is_none() {
            *listener = Some(listen(self.port())?);
        }
        if let Mode::CutAfter(bytes) = mode {
            self.shared.left.store(bytes, Ordering::Relaxed);
        }
        *lock(&self.shared.mode) = mode;
        Ok(())
    }

    /// Cuts every open connection now.
    pub fn cut(&self) {
        for stream in lock(&self.shared.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.accepting.take() {
            let _ = thread.join();
        }
        // The threads of open connections end a little later.
        *lock(&self.shared.listener) = None;
        self.cut();
    }
}

fn listen(port: u16) -> Result<TcpListener> {
    let problem = || Problem::when(format!("the proxy cannot listen at 127.0.0.1:{port}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(problem())?;
    listener.set_nonblocking(true).map_err(problem())?;
    Ok(listener)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn mode(&self) -> Mode {
        *lock(&self.mode)
    }

    fn accept(self: &Arc<Shared>, upstream: u16) {
        while !self.has_ended() {
            let accepted = lock(&self.listener).as_ref().and_then(|listener| listener.accept().ok());
            match accepted {
                Some((client, _)) => {
                    // A server that is away closes the client's connection, as it would its own.
                    let _ = self.connect(client, upstream);
                }
                None => std::thread::sleep(LOOK),
            }
        }
    }

    fn connect(self: &Arc<Shared>, client: TcpStream, upstream: u16) -> std::io::Result<()> {
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?;
        for stream in [&client, &server] {
            stream.set_nonblocking(false)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(LOOK))?;
        }
        lock(&self.open).extend([client.try_clone()?, server.try_clone()?]);
        let (client_too, server_too) = (client.try_clone()?, server.try_clone()?);
        for (from, to, is_answer) in [(client, server, false), (server_too, client_too, true)] {
            let shared = Arc::clone(self);
            std::thread::spawn(move || {
                if shared.copy(&from, &to, is_answer).is_err() {
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = to.shutdown(Shutdown::Both);
                }
            });
        }
        Ok(())
    }

    /// One direction of one connection, until it ends (`Ok`) or breaks.
    fn copy(&self, mut from: &TcpStream, mut to: &TcpStream, is_answer: bool) -> std::io::Result<()> {
        let mut piece = [0; 16 * 1024];
        loop {
            let read = match from.read(&mut piece) {
                Ok(0) => return to.shutdown(Shutdown::Write),
                Ok(read) => read,
                Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if self.has_ended() {
                        return Err(why);
                    }
                    continue;
                }
                Err(why) => return Err(why),
            };
            if let Mode::Delay(time) = self.mode() {
                std::thread::sleep(time);
            }
            while self.mode() == Mode::Hang && !self.has_ended() {
                std::thread::sleep(LOOK);
            }
            let passes = if is_answer { self.may_pass(read) } else { read };
            to.write_all(&piece[..passes])?;
            if passes < read {
                return Err(ErrorKind::ConnectionAborted.into());
            }
        }
    }

    /// How many of that many bytes of an answer may pass.
    fn may_pass(&self, bytes: usize) -> usize {
        if !matches!(self.mode(), Mode::CutAfter(_)) {
            return bytes;
        }
        let wanted = u64::try_from(bytes).unwrap_or(u64::MAX);
        let take = |left: u64| Some(left.saturating_sub(wanted));
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).unwrap_or_default();
        usize::try_from(left.min(wanted)).unwrap_or(bytes)
    }
}
